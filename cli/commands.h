/* One row per command; each lives in the cmd_*.c that its name points to. */
#pragma once

#include "cli/cli.h"

extern const struct command cmd_init, cmd_validate, cmd_plan, cmd_up, cmd_provision, cmd_ssh,
        cmd_exec, cmd_compare, cmd_report, cmd_status, cmd_halt, cmd_reload, cmd_destroy, cmd_box,
        cmd_suspend, cmd_resume, cmd_inspect, cmd_logs, cmd_top, cmd_stats, cmd_cp, cmd_doctor,
        cmd_global_status, cmd_version, cmd_help, cmd_ssh_config, cmd_ssh_serve, cmd_inventory,
        cmd_network, cmd_volume, cmd_port, cmd_sync;
