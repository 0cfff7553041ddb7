/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The seam to the system, for the files themselves: the calls that copying and
 * removing are made of. What lib/os.h says holds here too.
 */

#include "lib/os.h"

/* A regular file to read; -EINVAL for what is none. Never waits for a FIFO's other end. */
int os_open_file_at(int dir, const char *name);
/* The same, to write too. */
int os_open_rw_at(int dir, const char *name);
/* A new file to write and read back; -EEXIST where the name is taken. */
int os_create_at(int dir, const char *name);
int os_make_directory_at(int dir, const char *name);

/* 0 at the end of the file. */
ssize_t os_read(int fd, void *buf, size_t n);
ssize_t os_read_at(int fd, void *buf, size_t n, uint64_t offset);
/* All of it or an error. */
int os_write_all_at(int fd, const void *buf, size_t n, uint64_t offset);
int os_truncate(int fd, uint64_t size);
/*
 * The next stretch of data at or after offset; *ret_from is the file's size where only a hole follows. A file
 * system that knows no holes has all of the file as data.
 */
int os_next_data(int fd, uint64_t offset, uint64_t size, uint64_t *ret_from, uint64_t *ret_to);
/* Lets a file share another's blocks; -EOPNOTSUPP where the file system cannot, or not between these two. */
int os_clone(int from, int to);

/* Begins to write a stretch out, without waiting; a hint. */
void os_begin_write_back(int fd, uint64_t offset, uint64_t n);
/* Waits until a stretch is written out; its metadata may not be. */
int os_wait_write_back(int fd, uint64_t offset, uint64_t n);
/* Forgets what is cached of the file, so that reading asks the device; n 0 is all of it. */
void os_drop_cache(int fd, uint64_t offset, uint64_t n);
/* Begins to read a file without waiting; a hint. */
void os_begin_read(int fd, uint64_t offset, uint64_t n);
int os_fsync(int fd);
int os_syncfs(int fd);

int os_set_owner(int fd, uid_t uid, gid_t gid);
int os_set_mode(int fd, mode_t mode);
int os_set_times(int fd, const struct statx *st);
/* The names, each NUL-terminated; -ERANGE where the buffer is too small. */
ssize_t os_list_attributes(int fd, char *buf, size_t n);
ssize_t os_get_attribute(int fd, const char *name, void *buf, size_t n);
int os_set_attribute(int fd, const char *name, const void *value, size_t n);
int os_remove_attribute(int fd, const char *name);

/* Renames without replacing: -EEXIST where the new name is taken, also where the file system cannot promise it. */
int os_rename_at(int from_dir, const char *from, int to_dir, const char *to);
/* Replaces what has that name, and nothing else can come in between. */
int os_move_at(int from_dir, const char *from, int to_dir, const char *to);
int os_unlink_at(int dir, const char *name);

/* 0 if nobody has the file open for writing, -EAGAIN if somebody has, or an error where the kernel cannot tell. */
int os_ask_lease(int fd);
/* Takes the file's lock without waiting; -EAGAIN where another process has it. It ends with the descriptor. */
int os_lock(int fd);
/* The process that holds a file's lock, or 0 where it cannot be told. */
pid_t os_lock_holder(int fd);
