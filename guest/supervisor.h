/*
 * What prov and a container's supervisor, prov-mon, know of each other.
 *
 * How a container's start shows in the names of processes (comm): prov may be killed at any moment,
 * and what it had half started ends by itself a moment later. Until then nobody may take it for a
 * running container.
 */
#pragma once

/* The child, and the process that becomes prov-mon, until they execute. */
#define COMM_STARTING "prov-start"
/* prov-mon while its container is not recorded: the name that the kernel gives it. */
#define COMM_WAITING "prov-mon"
/* prov-mon once it is. */
#define COMM_COMMITTED "prov-monitor"

/* What prov-mon stores of a container that called reboot(2) to be started again; else the exit code
 * of its first process alone. */
#define STATUS_REBOOTED "0 rebooted"
