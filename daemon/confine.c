/* SPDX-License-Identifier: MIT */
#include "daemon/confine.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/os.h"

#define N_DESCRIPTORS 8192

/* Newer than Debian 12's headers. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Everything that the second version knows. */
#define ACCESS_ALL ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define ACCESS_WRITE                                                                                                   \
        (ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |  \
         LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER)

static int allow(int ruleset, int directory, uint64_t access) {
        struct landlock_path_beneath_attr attr = {.allowed_access = access, .parent_fd = directory};

        if (directory < 0)
                return 0;
        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0 ? -errno : 0;
}

/* Looking for leaks at the end, it reads of its own threads there. */
static int allow_sanitizer(int ruleset _unused_) {
#ifdef __SANITIZE_ADDRESS__
        _cleanup_(os_closep) int proc = os_open_directory("/proc");

        return proc < 0 ? proc : allow(ruleset, proc, ACCESS_READ);
#else
        return 0;
#endif
}

int confine_to(int source, bool is_source_writable, int destination) {
        _cleanup_(os_closep) int ruleset = -1;
        struct landlock_ruleset_attr attr = {.handled_access_fs = ACCESS_ALL};
        uint64_t truncate = 0;
        long version;
        int r;

        version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (version < 2) /* without it, and before rename between directories could be allowed */
                return 0;
        if (version >= 3)
                truncate = LANDLOCK_ACCESS_FS_TRUNCATE;
        attr.handled_access_fs |= truncate;
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
        if (ruleset < 0)
                return -errno;
        r = allow(ruleset, source, is_source_writable ? ACCESS_WRITE | truncate : ACCESS_READ);
        if (r >= 0)
                r = allow(ruleset, destination, ACCESS_WRITE | truncate);
        if (r >= 0)
                r = allow_sanitizer(ruleset);
        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

void confine_be_modest(void) {
        syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7));
        os_allow_descriptors(N_DESCRIPTORS);
}
