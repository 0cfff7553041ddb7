/* SPDX-License-Identifier: MIT */
#include "lib/digest.h"

#include "lib/digest-stream.h"
#include "tests/test.h"

#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_A_MILLION_ZEROS "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"

START_TEST(is_read_and_written) {
        char buf[DIGEST_TEXT_SIZE];
        struct Digest digest, other;

        ck_assert(digest_parse(OF_ABC, &digest));
        ck_assert_str_eq(digest_format(&digest, buf), OF_ABC);
        ck_assert(digest_parse("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", &other));
        ck_assert(digest_equal(&digest, &other));
        ck_assert(digest_parse(OF_NOTHING, &other));
        ck_assert(!digest_equal(&digest, &other));
        ck_assert(!digest_parse("", &digest));
        ck_assert(!digest_parse(OF_ABC "0", &digest));
        ck_assert(!digest_parse("xa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &digest));
        ck_assert(!digest_parse("bg7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &digest));
        ck_assert_str_eq(digest_format(&digest, buf), OF_ABC);
}
END_TEST

START_TEST(is_that_of_the_standard) {
        struct DigestStream *stream;
        char buf[DIGEST_TEXT_SIZE];
        struct Digest digest;

        ck_assert_int_eq(digest_stream_new(&stream), 0);
        for (unsigned again = 0; again < 2; again++) {
                ck_assert_int_eq(digest_stream_begin(stream), 0);
                ck_assert_int_eq(digest_stream_add(stream, "a", 1), 0);
                ck_assert_int_eq(digest_stream_add(stream, "bc", 2), 0);
                ck_assert_int_eq(digest_stream_end(stream, &digest), 0);
                ck_assert_str_eq(digest_format(&digest, buf), OF_ABC);
        }
        ck_assert_int_eq(digest_stream_begin(stream), 0);
        ck_assert_int_eq(digest_stream_end(stream, &digest), 0);
        ck_assert_str_eq(digest_format(&digest, buf), OF_NOTHING);
        ck_assert_int_eq(digest_stream_begin(stream), 0);
        ck_assert_int_eq(digest_stream_add_zeros(stream, 1000000), 0);
        ck_assert_int_eq(digest_stream_end(stream, &digest), 0);
        ck_assert_str_eq(digest_format(&digest, buf), OF_A_MILLION_ZEROS);
        digest_stream_free(stream);
        digest_stream_free(NULL);
}
END_TEST

int main(void) {
        return test_run("digest", (const TTest *[]){is_read_and_written, is_that_of_the_standard, NULL});
}
