/*
 * The table of prov's own profile. What is not listed is refused with EPERM, and so are, without
 * the capability that asks for them: new namespaces, mounts, keyrings, BPF, kexec, modules,
 * userfaultfd, io_uring, handles instead of paths, other processes' memory.
 */
#include "engine/seccomp_default.h"

#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define C(name) (UINT64_C(1) << CAP_##name)

/* Numbers of net.h, within the one call that i386 has for all of sockets. */
enum { SOCKETCALL_SOCKET = 1, SOCKETCALL_SOCKETPAIR = 8 };

/* In clone(2) the bit of CLONE_NEWTIME is part of the signal's number. */
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	        CLONE_NEWPID | CLONE_NEWNET)
#define NEW_TIME 0x80u

const struct call_row seccomp_calls[] = {
        /* Files by name. */
        {.names = "access faccessat faccessat2 open openat openat2 creat name_to_handle_at "
                  "link linkat symlink symlinkat readlink readlinkat rename renameat renameat2 "
                  "unlink unlinkat mkdir mkdirat rmdir mknod mknodat chdir fchdir getcwd "
                  "getdents getdents64 readdir chmod fchmod fchmodat fchmodat2 "
                  "chown chown32 fchown fchown32 fchownat lchown lchown32 umask "
                  "stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat oldstat "
                  "oldlstat oldfstat statx statfs statfs64 fstatfs fstatfs64 statmount listmount "
                  "utime utimes futimesat utimensat utimensat_time64 truncate truncate64 "
                  "getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr "
                  "setxattrat listxattr llistxattr flistxattr listxattrat removexattr "
                  "lremovexattr fremovexattr removexattrat file_getattr file_setattr "
                  "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark "
                  "landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
        /* Open files. */
        {.names = "close close_range read readv pread64 preadv preadv2 write writev pwrite64 "
                  "pwritev pwritev2 lseek _llseek dup dup2 dup3 fcntl fcntl64 ioctl flock "
                  "ftruncate ftruncate64 fallocate fadvise64 fadvise64_64 arm_fadvise64_64 "
                  "fsync fdatasync sync syncfs sync_file_range sync_file_range2 "
                  "arm_sync_file_range readahead sendfile sendfile64 splice tee "
                  "copy_file_range pipe pipe2 memfd_create memfd_secret cachestat "
                  "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents "
                  "io_pgetevents_time64"},
        /* Waiting for many of them. */
        {.names = "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 "
                  "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait "
                  "epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 "
                  "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
                  "timerfd_settime64"},
        /* Memory. */
        {.names = "brk mmap mmap2 munmap mprotect mremap msync madvise mincore mlock mlock2 "
                  "mlockall munlock munlockall mseal map_shadow_stack remap_file_pages "
                  "pkey_alloc pkey_free pkey_mprotect membarrier process_mrelease cacheflush "
                  "riscv_flush_icache"},
        /* Processes and threads. */
        {.names = "fork vfork execve execveat exit exit_group wait4 waitpid waitid getpid getppid "
                  "gettid getpgid getpgrp setpgid getsid setsid set_tid_address set_robust_list "
                  "get_robust_list set_thread_area get_thread_area set_tls get_tls arch_prctl "
                  "modify_ldt prctl rseq seccomp pidfd_open pidfd_send_signal getcpu "
                  "futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue "
                  "restart_syscall ptrace breakpoint swapcontext"},
        {.names = "clone", .when = CALL_BITS_CLEAR, .values = {NAMESPACES}, .n = 1},
        {.names = "unshare", .when = CALL_BITS_CLEAR, .values = {NAMESPACES | NEW_TIME}, .n = 1},
        {.names = "personality",
                .when = CALL_VALUE_IN,
                .values = {PER_LINUX, PER_LINUX32, UNAME26, PER_LINUX32 | UNAME26, UINT32_MAX},
                .n = 5},
        /* Signals. */
        {.names = "kill tkill tgkill alarm pause nanosleep getitimer setitimer "
                  "sigaction signal sigaltstack sigpending sigprocmask sigreturn sigsuspend "
                  "sgetmask ssetmask rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
                  "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
                  "rt_tgsigqueueinfo"},
        /* Who one is. */
        {.names = "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 "
                  "getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 "
                  "setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 "
                  "setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid "
                  "setfsgid32 setgroups setgroups32 capget capset"},
        /* Limits and scheduling. */
        {.names = "getrlimit ugetrlimit setrlimit prlimit64 getrusage times nice "
                  "getpriority setpriority ioprio_get ioprio_set sched_yield "
                  "sched_get_priority_max sched_get_priority_min sched_getaffinity "
                  "sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam "
                  "sched_getscheduler sched_setscheduler sched_rr_get_interval "
                  "sched_rr_get_interval_time64"},
        /* Time and the system. */
        {.names = "time gettimeofday clock_gettime clock_gettime64 clock_getres "
                  "clock_getres_time64 clock_nanosleep clock_nanosleep_time64 adjtimex "
                  "clock_adjtime clock_adjtime64 timer_create timer_delete timer_getoverrun "
                  "timer_gettime timer_gettime64 timer_settime timer_settime64 "
                  "uname olduname oldolduname sysinfo getrandom"},
        /* System V and POSIX messages. */
        {.names = "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
                  "semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink mq_notify "
                  "mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend "
                  "mq_timedsend_time64"},
        /* Sockets: of the families that applications use, so that no other one's module is loaded
         * for the asking. */
        {.names = "accept accept4 bind connect getpeername getsockname getsockopt setsockopt "
                  "listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg "
                  "sendto shutdown socketcall"},
        {.names = "socket",
                .when = CALL_VALUE_IN,
                .values = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET},
                .n = 5},
        {.names = "socketpair", .when = CALL_VALUE_IN, .values = {AF_UNIX}, .n = 1},
        {.caps = C(NET_ADMIN),
                .names = "socket",
                .when = CALL_VALUE_IN,
                .values = {AF_KEY, AF_CAN, AF_XDP},
                .n = 3},

        /* What a capability was added for. */
        {.caps = C(SYS_ADMIN),
                .names = "clone clone3 unshare setns mount umount umount2 pivot_root mount_setattr "
                         "move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick "
                         "sethostname setdomainname quotactl quotactl_fd fanotify_init "
                         "lookup_dcookie"},
        {.caps = C(SYS_ADMIN) | C(BPF), .names = "bpf"},
        {.caps = C(SYS_ADMIN) | C(PERFMON), .names = "perf_event_open"},
        {.caps = C(SYS_ADMIN) | C(SYSLOG), .names = "syslog"},
        {.caps = C(DAC_READ_SEARCH), .names = "open_by_handle_at"},
        {.caps = C(SYS_BOOT), .names = "reboot"},
        {.caps = C(SYS_CHROOT), .names = "chroot"},
        {.caps = C(SYS_MODULE), .names = "init_module finit_module delete_module"},
        {.caps = C(SYS_NICE),
                .names = "get_mempolicy set_mempolicy set_mempolicy_home_node mbind move_pages "
                         "migrate_pages"},
        {.caps = C(SYS_PACCT), .names = "acct"},
        {.caps = C(SYS_PTRACE),
                .names = "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev"},
        {.caps = C(SYS_RAWIO), .names = "iopl ioperm"},
        {.caps = C(SYS_TIME), .names = "settimeofday stime clock_settime clock_settime64"},
        {.caps = C(SYS_TTY_CONFIG), .names = "vhangup"},
};
const size_t seccomp_n_calls = ARRAY_SIZE(seccomp_calls);

/*
 * Typing into a terminal that somebody else reads; and sockets of i386 made in a way that hides
 * their family, which any program could use to get at those that are refused. Tracing is for one's
 * own children, who ask for it.
 */
const struct seccomp_denial seccomp_denials[] = {
        {"ioctl", 1, TIOCSTI},
        {"ioctl", 1, TIOCLINUX},
        {"socketcall", 0, SOCKETCALL_SOCKET},
        {"socketcall", 0, SOCKETCALL_SOCKETPAIR},
        {"ptrace", 0, PTRACE_ATTACH},
        {"ptrace", 0, PTRACE_SEIZE},
};
const size_t seccomp_n_denials = ARRAY_SIZE(seccomp_denials), seccomp_n_denials_always = 4;
