#include "cli/commands.h"

const struct command *const commands[] = {
        &cmd_init,
        &cmd_validate,
        &cmd_plan,
        &cmd_up,
        &cmd_provision,
        &cmd_ssh,
        &cmd_exec,
        &cmd_status,
        &cmd_inspect,
        &cmd_logs,
        &cmd_top,
        &cmd_stats,
        &cmd_halt,
        &cmd_reload,
        &cmd_suspend,
        &cmd_resume,
        &cmd_destroy,
        &cmd_box,
        &cmd_compare,
        &cmd_report,
        &cmd_doctor,
        &cmd_global_status,
        &cmd_version,
        &cmd_help,
};
const size_t n_commands = ARRAY_SIZE(commands);
