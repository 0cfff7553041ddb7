/* SPDX-License-Identifier: MIT */
#include "lib/job.h"

/* Undoes what was added since, if it did not all fit. */
static bool keep_whole(struct Message *message, size_t before) {
        if (!message->failed)
                return true;
        message->n = before;
        message->failed = false;
        return false;
}

static void put_stat(struct Message *message, const struct BackupStat *stat) {
        message_put_number(message, stat->ino);
        message_put_number(message, stat->size);
        message_put_signed(message, stat->mtime_usec);
        message_put_signed(message, stat->birth_usec);
}

static void get_stat(struct Message *message, struct BackupStat *ret) {
        ret->ino = message_get_number(message);
        ret->size = message_get_number(message);
        ret->mtime_usec = message_get_signed(message);
        ret->birth_usec = message_get_signed(message);
}

static void put_digest(struct Message *message, bool has_digest, const struct Digest *digest) {
        message_put_number(message, has_digest);
        if (has_digest)
                message_put_bytes(message, digest->bytes, DIGEST_SIZE);
}

static bool get_digest(struct Message *message, struct Digest *ret) {
        bool has_digest = message_get_below(message, 2);

        *ret = (struct Digest){};
        if (has_digest)
                message_get_bytes(message, ret->bytes, DIGEST_SIZE);
        return has_digest;
}

bool job_put_setup(struct Message *message, const struct JobSetup *setup) {
        size_t before = message->n;

        message_put_number(message, JOB_SETUP);
        message_put_string(message, setup->source);
        message_put_string(message, setup->destination);
        message_put_string(message, setup->marker);
        message_put_number(message, setup->is_looking);
        message_put_number(message, setup->is_source_writable);
        message_put_number(message, setup->verify);
        message_put_number(message, setup->metadata);
        message_put_number(message, setup->bandwidth);
        message_put_number(message, setup->is_watching);
        message_put_number(message, setup->is_watch_forced);
        return keep_whole(message, before);
}

bool job_get_setup(struct Message *message, struct JobSetup *ret) {
        message_get_below(message, JOB_SETUP + 1);
        ret->source = message_get_string(message);
        ret->destination = message_get_string(message);
        ret->marker = message_get_string(message);
        ret->is_looking = message_get_below(message, 2);
        ret->is_source_writable = message_get_below(message, 2);
        ret->verify = message_get_below(message, _CONFIG_VERIFY_MAX);
        ret->metadata = message_get_below(message, _CONFIG_METADATA_MAX);
        ret->bandwidth = message_get_number(message);
        ret->is_watching = message_get_below(message, 2);
        ret->is_watch_forced = message_get_below(message, 2);
        return !message->failed && ret->marker && (ret->source || ret->destination);
}

bool job_put(struct Message *message, const struct Job *job) {
        size_t before = message->n;

        message_put_number(message, job->kind);
        message_put_number(message, job->id);
        message_put_number(message, job->in_source);
        message_put_number(message, job->is_keep);
        message_put_number(message, job->is_one_file_system);
        message_put_number(message, job->is_following);
        message_put_string(message, job->path);
        message_put_string(message, job->to);
        put_stat(message, &job->stat);
        put_digest(message, job->has_digest, &job->digest);
        return keep_whole(message, before);
}

bool job_get(struct Message *message, struct Job *ret) {
        ret->kind = message_get_below(message, _JOB_KIND_MAX);
        ret->id = message_get_number(message);
        ret->in_source = message_get_below(message, 2);
        ret->is_keep = message_get_below(message, 2);
        ret->is_one_file_system = message_get_below(message, 2);
        ret->is_following = message_get_below(message, 2);
        ret->path = message_get_string(message);
        ret->to = message_get_string(message);
        get_stat(message, &ret->stat);
        ret->has_digest = get_digest(message, &ret->digest);
        return !message->failed && ret->kind != JOB_SETUP;
}

bool job_put_report(struct Message *message, const struct Report *report) {
        size_t before = message->n;

        message_put_number(message, report->kind);
        message_put_number(message, report->id);
        message_put_number(message, report->number);
        message_put_number(message, report->outcome);
        message_put_signed(message, report->error);
        message_put_number(message, report->flag);
        message_put_string(message, report->name);
        message_put_string(message, report->text);
        message_put_number(message, report->device);
        put_stat(message, &report->stat);
        put_digest(message, report->has_digest, &report->digest);
        return keep_whole(message, before);
}

bool job_get_report(struct Message *message, struct Report *ret) {
        ret->kind = message_get_below(message, _REPORT_KIND_MAX);
        ret->id = message_get_number(message);
        ret->number = message_get_number(message);
        ret->outcome = (uint32_t)message_get_below(message, UINT32_MAX);
        ret->error = (int)message_get_signed(message);
        ret->flag = message_get_below(message, 2);
        ret->name = message_get_string(message);
        ret->text = message_get_string(message);
        ret->device = message_get_number(message);
        get_stat(message, &ret->stat);
        ret->has_digest = get_digest(message, &ret->digest);
        return !message->failed;
}
