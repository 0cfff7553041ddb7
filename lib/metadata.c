/* SPDX-License-Identifier: MIT */
#include "lib/metadata.h"

#include <errno.h>
#include <linux/limits.h>

#include "lib/error.h"
#include "lib/os-file.h"

#define ACL_ATTRIBUTE "system.posix_acl_access"

/* What travels with a file. Labels of security modules do not: the destination has a policy of its own. */
static bool is_copied(const char *name) {
        return strncmp(name, "user.", 5) == 0 || strncmp(name, "trusted.", 8) == 0 ||
               streq(name, "security.capability") || streq(name, ACL_ATTRIBUTE);
}

static bool is_refused(int error) {
        return error == -EPERM || error == -EACCES || error == -EOPNOTSUPP || error == -EINVAL || error == -ENOSYS ||
               error == -E2BIG || error == -ENOSPC || error == -ERANGE;
}

/* What happens to a refusal: an error, or a bit. */
static int settle_refusal(int error, enum ConfigMetadata policy, enum MetadataLost bit, uint32_t *lost) {
        if (policy != CONFIG_METADATA_BEST_EFFORT || !is_refused(error))
                return error;
        *lost |= bit;
        return 0;
}

static int copy_attribute(int from, int to, const char *name, char *value) {
        ssize_t n = os_get_attribute(from, name, value, XATTR_SIZE_MAX);

        if (n == -ENODATA) /* removed meanwhile */
                return 0;
        return n < 0 ? (int)n : os_set_attribute(to, name, value, (size_t)n);
}

static int copy_attributes(int from, int to, enum ConfigMetadata policy, uint32_t *lost) {
        _cleanup_(freep) char *names = NULL, *value = NULL;
        ssize_t n;

        /* Nearly always there are none; asking for the size alone needs no buffer. */
        n = os_list_attributes(from, NULL, 0);
        if (n == 0 || n == -EOPNOTSUPP || n == -ENOSYS)
                return 0;
        names = malloc(XATTR_LIST_MAX);
        value = malloc(XATTR_SIZE_MAX);
        if (!names || !value)
                return -ENOMEM;
        n = os_list_attributes(from, names, XATTR_LIST_MAX);
        if (n < 0)
                return (int)n;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                int r;

                if (!is_copied(name))
                        continue;
                r = copy_attribute(from, to, name, value);
                if (r < 0)
                        r = settle_refusal(r, policy, METADATA_LOST_ATTRIBUTES, lost);
                if (r < 0)
                        return r;
        }
        return 0;
}

int metadata_copy(int from, const struct statx *st, int to, enum ConfigMetadata policy, uint32_t *lost,
                  const char **ret_call) {
        int r;

        r = os_set_owner(to, st->stx_uid, st->stx_gid);
        if (r < 0)
                r = settle_refusal(r, policy, METADATA_LOST_OWNER, lost);
        *ret_call = "chown";
        if (r < 0)
                return r;

        /* What a default ACL of the destination's directory gave it is not the source's. */
        *ret_call = "removexattr";
        r = os_remove_attribute(to, ACL_ATTRIBUTE);
        if (r < 0 && r != -ENODATA && !is_refused(r))
                return r;
        *ret_call = "setxattr";
        r = copy_attributes(from, to, policy, lost);
        if (r < 0)
                return r;

        r = os_set_mode(to, (mode_t)(*lost & METADATA_LOST_OWNER ? st->stx_mode & 0777 : st->stx_mode));
        if (r < 0)
                r = settle_refusal(r, policy, METADATA_LOST_MODE, lost);
        *ret_call = "chmod";
        if (r < 0)
                return r;

        r = os_set_times(to, st);
        if (r < 0)
                r = settle_refusal(r, policy, METADATA_LOST_TIMES, lost);
        *ret_call = "utimensat";
        return r;
}

const char *metadata_lost_text(uint32_t lost, char buf[static METADATA_LOST_TEXT_MAX]) {
        static const char *const words[] = {"owner", "mode", "times", "attributes"};
        char *p = buf;

        *p = '\0';
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (lost & (UINT32_C(1) << i))
                        p = stpcpy(stpcpy(p, p == buf ? "" : ", "), words[i]);
        return buf;
}
