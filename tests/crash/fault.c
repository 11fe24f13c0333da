/* A preloaded library that makes one file operation fail, or the process die at it.

   Counts the operations on files under one folder that change what is stored. At the
   chosen one it fails, writes a part only, or kills the process before or after it. Each
   operation is logged to a descriptor, one name a line. Armed by fault_arm; see
   tests/crash/faults.py. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NONE, FAIL_EIO, FULL, SHORT, KILL_BEFORE, KILL_AFTER, TORN };

static char folder[4096];
static size_t folder_length;
static long chosen = -1;
static long count;
static int kind;
static int log_fd = -1;

void fault_arm(const char *path, long at, int how, int log)
{
    folder_length = strlen(path);
    memcpy(folder, path, folder_length + 1);
    chosen = at;
    kind = how;
    log_fd = log;
    count = 0;
}

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static int path_counts(const char *path)
{
    return folder_length && strncmp(path, folder, folder_length) == 0;
}

static int fd_counts(int fd)
{
    char link[64], path[4096];
    ssize_t length;
    if (!folder_length)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return path_counts(path);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* What to do with one counted operation: 0 go on, -1 fail (errno is set), 1 do a part
   of it. Grows: whether it needs room on the disk. */
static int step(const char *name, int grows)
{
    static ssize_t (*real_write)(int, const void *, size_t);
    long now = count++;
    int saved = errno;
    if (!real_write)
        real_write = real("write");
    if (log_fd >= 0) {
        real_write(log_fd, name, strlen(name));
        real_write(log_fd, "\n", 1);
    }
    errno = saved;
    if (kind == FULL && now >= chosen && grows) {
        errno = ENOSPC;
        return -1;
    }
    if (now != chosen)
        return 0;
    if (kind == FAIL_EIO) {
        errno = EIO;
        return -1;
    }
    if (kind == KILL_BEFORE)
        die();
    return (kind == SHORT || kind == TORN) ? 1 : 0;
}

static void after(void)
{
    if (count - 1 == chosen && (kind == KILL_AFTER || kind == TORN))
        die();
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    static ssize_t (*next)(int, const void *, size_t);
    int how = 0;
    ssize_t done;
    if (!next)
        next = real("write");
    if (!fd_counts(fd))
        return next(fd, bytes, size);
    how = step("write", 1);
    if (how < 0)
        return -1;
    done = next(fd, bytes, how ? size / 2 : size);
    after();
    return done;
}

#define PWRITE(name, offset_type)                                              \
    ssize_t name(int fd, const void *bytes, size_t size, offset_type offset)   \
    {                                                                          \
        static ssize_t (*next)(int, const void *, size_t, offset_type);        \
        int how = 0;                                                           \
        ssize_t done;                                                          \
        if (!next)                                                             \
            next = real(#name);                                                \
        if (!fd_counts(fd))                                                    \
            return next(fd, bytes, size, offset);                              \
        how = step("write", 1);                                                \
        if (how < 0)                                                           \
            return -1;                                                         \
        done = next(fd, bytes, how ? size / 2 : size, offset);                 \
        after();                                                               \
        return done;                                                           \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define CALL(counts, label, grows, call)                                       \
    do {                                                                       \
        int done;                                                              \
        if (!(counts))                                                         \
            return call;                                                       \
        if (step(label, grows) < 0)                                            \
            return -1;                                                         \
        done = call;                                                           \
        after();                                                               \
        return done;                                                           \
    } while (0)

#define NEXT(name, ...)                                                        \
    static int (*next)(__VA_ARGS__);                                           \
    if (!next)                                                                 \
        next = real(name)

int fsync(int fd)
{
    NEXT("fsync", int);
    CALL(fd_counts(fd), "fsync", 0, next(fd));
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int);
    CALL(fd_counts(fd), "fsync", 0, next(fd));
}

int ftruncate(int fd, off_t size)
{
    NEXT("ftruncate", int, off_t);
    CALL(fd_counts(fd), "ftruncate", 1, next(fd, size));
}

int ftruncate64(int fd, off64_t size)
{
    NEXT("ftruncate64", int, off64_t);
    CALL(fd_counts(fd), "ftruncate", 1, next(fd, size));
}

int rename(const char *from, const char *to)
{
    NEXT("rename", const char *, const char *);
    CALL(path_counts(to), "rename", 0, next(from, to));
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    NEXT("renameat", int, const char *, int, const char *);
    CALL(path_counts(to), "rename", 0, next(from_fd, from, to_fd, to));
}

int link(const char *from, const char *to)
{
    NEXT("link", const char *, const char *);
    CALL(path_counts(to), "link", 1, next(from, to));
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    NEXT("linkat", int, const char *, int, const char *, int);
    CALL(path_counts(to), "link", 1, next(from_fd, from, to_fd, to, flags));
}

int unlink(const char *path)
{
    NEXT("unlink", const char *);
    CALL(path_counts(path), "unlink", 0, next(path));
}

int unlinkat(int fd, const char *path, int flags)
{
    NEXT("unlinkat", int, const char *, int);
    CALL(path_counts(path), "unlink", 0, next(fd, path, flags));
}

int mkdir(const char *path, mode_t mode)
{
    NEXT("mkdir", const char *, mode_t);
    CALL(path_counts(path), "mkdir", 1, next(path, mode));
}
