/* SPDX-License-Identifier: MIT */
#include "lib/job.h"

#include "tests/test.h"

static struct Message message; /* large */

START_TEST(numbers_and_strings_come_back) {
        uint8_t bytes[3];

        message_clear(&message);
        message_put_number(&message, UINT64_MAX);
        message_put_signed(&message, INT64_MIN);
        message_put_string(&message, NULL);
        message_put_string(&message, "");
        message_put_string(&message, "a\nb\xff");
        message_put_bytes(&message, "xyz", 3);
        message_put_number(&message, 7);
        message_put_bytes(&message, NULL, 0);
        ck_assert(message_get_number(&message) == UINT64_MAX);
        ck_assert(message_get_signed(&message) == INT64_MIN);
        ck_assert_ptr_null(message_get_string(&message));
        ck_assert_str_eq(message_get_string(&message), "");
        ck_assert_str_eq(message_get_string(&message), "a\nb\xff");
        message_get_bytes(&message, bytes, 3);
        ck_assert_mem_eq(bytes, "xyz", 3);
        ck_assert_uint_eq(message_get_below(&message, 8), 7);
        ck_assert(message_is_at_end(&message) && !message.failed);
        ck_assert_uint_eq(message_get_number(&message), 0);
        ck_assert(message.failed);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
        /* A number beyond its limit; a string that is longer than the message, not terminated, or ends early. */
        message_clear(&message);
        message_put_number(&message, 8);
        ck_assert_uint_eq(message_get_below(&message, 8), 0);
        ck_assert(message.failed);
        message_clear(&message);
        message_put_number(&message, 100);
        ck_assert_ptr_null(message_get_string(&message));
        ck_assert(message.failed);
        message_clear(&message);
        message_put_number(&message, 3);
        message_put_bytes(&message, "abcd", 4);
        ck_assert_ptr_null(message_get_string(&message));
        ck_assert(message.failed);
        message_clear(&message);
        message_put_number(&message, 3);
        message_put_bytes(&message, "a\0c\0", 4);
        ck_assert_ptr_null(message_get_string(&message));
        ck_assert(message.failed);
}
END_TEST

static const struct Job a_job = {
        .kind = JOB_COPY,
        .id = 77,
        .in_source = true,
        .is_keep = true,
        .is_one_file_system = true,
        .is_following = true,
        .path = "a/b",
        .to = "c",
        .stat = {1, 2, -3, INT64_MIN},
        .has_digest = true,
        .digest = {{1, 2, 3}},
};

START_TEST(jobs_come_back) {
        struct JobSetup setup = {.source = "/s", .marker = "", .is_looking = true, .verify = CONFIG_VERIFY_WRITTEN},
                        other_setup;
        struct Job job;

        message_clear(&message);
        ck_assert(job_put_setup(&message, &setup));
        ck_assert(job_put(&message, &a_job));
        ck_assert(job_put(&message, &(struct Job){.kind = JOB_COMMIT}));
        ck_assert(job_get_setup(&message, &other_setup));
        ck_assert_str_eq(other_setup.source, "/s");
        ck_assert_ptr_null(other_setup.destination);
        ck_assert(other_setup.is_looking && other_setup.verify == CONFIG_VERIFY_WRITTEN);
        ck_assert(job_get(&message, &job));
        ck_assert_str_eq(job.path, "a/b");
        ck_assert_str_eq(job.to, "c");
        ck_assert(job.kind == JOB_COPY && job.id == 77 && job.in_source && job.is_keep && job.is_one_file_system &&
                  job.is_following && job.has_digest && digest_equal(&job.digest, &a_job.digest));
        ck_assert(job.stat.ino == 1 && job.stat.size == 2 && job.stat.mtime_usec == -3 &&
                  job.stat.birth_usec == INT64_MIN);
        ck_assert(job_get(&message, &job));
        ck_assert(job.kind == JOB_COMMIT && !job.path && !job.has_digest);
        ck_assert(!job_get(&message, &job));
        /* A setup comes once, at the beginning, and says what for. */
        message_clear(&message);
        ck_assert(job_put_setup(&message, &(struct JobSetup){.marker = ""}));
        ck_assert(!job_get_setup(&message, &other_setup));
        message.pos = 0;
        message.failed = false;
        ck_assert(!job_get(&message, &job));
}
END_TEST

START_TEST(reports_come_back) {
        struct Report report = {.kind = REPORT_RESULT,
                                .id = 5,
                                .number = 6,
                                .outcome = 3,
                                .error = -5,
                                .flag = true,
                                .name = "n",
                                .text = "t",
                                .device = 9},
                      other;

        message_clear(&message);
        ck_assert(job_put_report(&message, &report));
        ck_assert(job_get_report(&message, &other));
        ck_assert(other.kind == REPORT_RESULT && other.id == 5 && other.number == 6 && other.outcome == 3 &&
                  other.error == -5 && other.flag && other.device == 9 && !other.has_digest);
        ck_assert_str_eq(other.name, "n");
        ck_assert_str_eq(other.text, "t");
        ck_assert(!job_get_report(&message, &other));
}
END_TEST

/* And one that there is not does not. */
START_TEST(every_kind_comes_back) {
        struct JobSetup setup;
        struct Report report;
        struct Job job;

        for (enum JobKind kind = JOB_SETUP; kind <= _JOB_KIND_MAX; kind++) {
                message_clear(&message);
                ck_assert(job_put(&message, &(struct Job){.kind = kind, .path = "p"}));
                ck_assert_int_eq(job_get(&message, &job), kind != JOB_SETUP && kind != _JOB_KIND_MAX);
                if (kind != JOB_SETUP && kind != _JOB_KIND_MAX)
                        ck_assert(job.kind == kind && message_is_at_end(&message));
                message.pos = 0;
                message.failed = false;
                ck_assert(!job_get_setup(&message, &setup)); /* a job is no setup */
        }
        for (enum ReportKind kind = REPORT_READY; kind <= _REPORT_KIND_MAX; kind++) {
                message_clear(&message);
                ck_assert(job_put_report(&message, &(struct Report){.kind = kind, .outcome = STAT_FAILED}));
                ck_assert_int_eq(job_get_report(&message, &report), kind != _REPORT_KIND_MAX);
                if (kind != _REPORT_KIND_MAX)
                        ck_assert(report.kind == kind && report.outcome == STAT_FAILED);
        }
}
END_TEST

START_TEST(a_full_message_stays_as_it_was) {
        struct Job job;
        size_t n = 0;

        message_clear(&message);
        while (job_put(&message, &a_job))
                n++;
        ck_assert_uint_gt(n, 100);
        for (size_t i = 0; i < n; i++)
                ck_assert(job_get(&message, &job));
        ck_assert(message_is_at_end(&message));
}
END_TEST

/* Every beginning of a message that is whole is one that is not. */
START_TEST(a_cut_message_is_refused) {
        struct Job job;
        size_t n;

        message_clear(&message);
        ck_assert(job_put(&message, &a_job));
        n = message.n;
        for (size_t i = 0; i < n; i++) {
                message.n = i;
                message.pos = 0;
                message.failed = false;
                ck_assert(!job_get(&message, &job));
        }
}
END_TEST

int main(void) {
        return test_run("job", (const TTest *[]){
                                       numbers_and_strings_come_back,
                                       what_cannot_be_is_refused,
                                       jobs_come_back,
                                       reports_come_back,
                                       every_kind_comes_back,
                                       a_full_message_stays_as_it_was,
                                       a_cut_message_is_refused,
                                       NULL,
                               });
}
