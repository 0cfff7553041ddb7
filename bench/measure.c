/* SPDX-License-Identifier: MIT */

/*
 * Runs a command with its output thrown away, and prints its wall seconds, its
 * CPU seconds and its peak memory in bytes. In C, because the kernel counts what
 * a process held before it executed the command: an interpreter's megabytes
 * would be added to every figure.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval tv) {
        return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int main(int argc, char *argv[]) {
        struct timespec begin, end;
        struct rusage usage;
        int status;
        pid_t pid;

        if (argc < 2)
                return 2;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        pid = fork();
        if (pid == 0) {
                int null = open("/dev/null", O_WRONLY);

                dup2(null, STDOUT_FILENO);
                dup2(null, STDERR_FILENO);
                execvp(argv[1], argv + 1);
                _exit(127);
        }
        if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
                return 1;
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%.6f %.6f %lld\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
               seconds(usage.ru_utime) + seconds(usage.ru_stime), (long long)usage.ru_maxrss * 1024);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
