/* Faults in the file operations of a process, below one folder; loaded with LD_PRELOAD.
 *
 * The process that is to meet a fault calls fault_arm() with a struct fault in shared memory. The
 * operations of the classes in its mask are counted, forked processes included, and the one whose
 * number is the target goes wrong. cases.py declares the same struct.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { OPEN, CREATE, READ, WRITE, SYNC, RENAME, UNLINK, MKDIR, TRUNCATE, LINK, LOCK, CLOSE,
             MAP, STAT, LIST, CLASSES };
enum action { FAIL, KILL, HALF, HALF_THEN_KILL, HALF_THEN_FAIL };

struct fault {
    char prefix[1024];  /* folder, absolute, without a slash at its end */
    int64_t mask;       /* bits of the classes that count */
    int64_t target;     /* number of the operation that goes wrong, from 1; 0 for none */
    int64_t action;
    int64_t error;      /* errno of failures */
    int64_t lasting;    /* whether all later operations of the mask fail too */
    int64_t count;      /* operations so far */
    int64_t by_class[CLASSES];
    char where[1024];   /* path of the operation that went wrong */
    int64_t what;       /* its class */
};

static struct fault *armed;

void fault_arm(struct fault *fault) { armed = fault; }

static int below(const char *path)
{
    size_t length = strlen(armed->prefix);
    return strncmp(path, armed->prefix, length) == 0 && (path[length] == '/' || !path[length]);
}

static int path_of_descriptor(int descriptor, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return path[0] == '/';
}

/* Count an operation; returns the action where it is the one to go wrong, -1 otherwise. */
static int counted(enum class class, const char *path)
{
    if (!below(path) || !(armed->mask >> class & 1))
        return -1;
    int64_t number = __atomic_add_fetch(&armed->count, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&armed->by_class[class], 1, __ATOMIC_SEQ_CST);
    if (!armed->target || number < armed->target)
        return -1;
    if (number > armed->target)
        return armed->lasting ? FAIL : -1;
    strncpy(armed->where, path, sizeof armed->where - 1);
    armed->what = class;
    if (armed->action == KILL) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
    return armed->action;
}

static int on_path(enum class class, int folder, const char *path)
{
    int saved = errno, action = -1;
    char whole[2 * PATH_MAX];
    if (!armed || !path)
        return -1;
    if (path[0] == '/')
        action = counted(class, path);
    else {
        int known = folder == AT_FDCWD ? syscall(SYS_getcwd, whole, PATH_MAX) > 0
                                       : path_of_descriptor(folder, whole);
        if (known) {
            strncat(whole, "/", 2);
            strncat(whole, path, PATH_MAX - 1);
            action = counted(class, whole);
        }
    }
    errno = saved;
    return action;
}

static int on_descriptor(enum class class, int descriptor)
{
    int saved = errno, action = -1;
    char path[PATH_MAX];
    if (armed && path_of_descriptor(descriptor, path))
        action = counted(class, path);
    errno = saved;
    return action;
}

static void end_here(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int failing(int action)
{
    if (action == -1)
        return 0;
    errno = (int)armed->error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

/* Operations that only fail as a whole. */
#define ON_PATH(class, result, name, parameters, folder, path, arguments, failed)                  \
    result name parameters                                                                         \
    {                                                                                              \
        if (failing(on_path(class, folder, path)))                                                 \
            return failed;                                                                         \
        return REAL(name) arguments;                                                               \
    }
#define ON_DESCRIPTOR(class, result, name, parameters, arguments, failed)                          \
    result name parameters                                                                         \
    {                                                                                              \
        if (failing(on_descriptor(class, fd)))                                                     \
            return failed;                                                                         \
        return REAL(name) arguments;                                                               \
    }

#define OPENING(name, parameters, folder, arguments)                                               \
    int name parameters                                                                            \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                    \
        va_end(rest);                                                                              \
        if (failing(on_path(flags & O_CREAT ? CREATE : OPEN, folder, path)))                       \
            return -1;                                                                             \
        return REAL(name) arguments;                                                               \
    }

OPENING(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENING(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENING(openat, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))
OPENING(openat64, (int folder, const char *path, int flags, ...), folder,
        (folder, path, flags, mode))
ON_PATH(CREATE, int, creat, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode), -1)
ON_PATH(CREATE, int, creat64, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode), -1)
ON_PATH(*mode == 'r' ? OPEN : CREATE, FILE *, fopen, (const char *path, const char *mode),
        AT_FDCWD, path, (path, mode), NULL)
ON_PATH(*mode == 'r' ? OPEN : CREATE, FILE *, fopen64, (const char *path, const char *mode),
        AT_FDCWD, path, (path, mode), NULL)
ON_PATH(LIST, DIR *, opendir, (const char *path), AT_FDCWD, path, (path), NULL)
ON_PATH(RENAME, int, rename, (const char *from, const char *to), AT_FDCWD, to, (from, to), -1)
ON_PATH(RENAME, int, renameat, (int one, const char *from, int other, const char *to), other, to,
        (one, from, other, to), -1)
ON_PATH(RENAME, int, renameat2, (int one, const char *from, int other, const char *to, unsigned how),
        other, to, (one, from, other, to, how), -1)
ON_PATH(UNLINK, int, unlink, (const char *path), AT_FDCWD, path, (path), -1)
ON_PATH(UNLINK, int, unlinkat, (int folder, const char *path, int flags), folder, path,
        (folder, path, flags), -1)
ON_PATH(UNLINK, int, rmdir, (const char *path), AT_FDCWD, path, (path), -1)
ON_PATH(MKDIR, int, mkdir, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode), -1)
ON_PATH(MKDIR, int, mkdirat, (int folder, const char *path, mode_t mode), folder, path,
        (folder, path, mode), -1)
ON_PATH(LINK, int, link, (const char *from, const char *to), AT_FDCWD, to, (from, to), -1)
ON_PATH(LINK, int, linkat, (int one, const char *from, int other, const char *to, int flags), other,
        to, (one, from, other, to, flags), -1)
ON_PATH(LINK, int, symlink, (const char *from, const char *to), AT_FDCWD, to, (from, to), -1)
ON_PATH(TRUNCATE, int, truncate, (const char *path, off_t length), AT_FDCWD, path, (path, length),
        -1)
ON_PATH(STAT, int, stat, (const char *path, struct stat *to), AT_FDCWD, path, (path, to), -1)
ON_PATH(STAT, int, stat64, (const char *path, struct stat64 *to), AT_FDCWD, path, (path, to), -1)
ON_PATH(STAT, int, lstat, (const char *path, struct stat *to), AT_FDCWD, path, (path, to), -1)
ON_PATH(STAT, int, lstat64, (const char *path, struct stat64 *to), AT_FDCWD, path, (path, to), -1)
ON_PATH(STAT, int, fstatat64, (int folder, const char *path, struct stat64 *to, int flags), folder,
        path, (folder, path, to, flags), -1)

ON_DESCRIPTOR(STAT, int, fstat, (int fd, struct stat *to), (fd, to), -1)
ON_DESCRIPTOR(STAT, int, fstat64, (int fd, struct stat64 *to), (fd, to), -1)
ON_DESCRIPTOR(LIST, DIR *, fdopendir, (int fd), (fd), NULL)
ON_DESCRIPTOR(SYNC, int, fsync, (int fd), (fd), -1)
ON_DESCRIPTOR(SYNC, int, fdatasync, (int fd), (fd), -1)
ON_DESCRIPTOR(TRUNCATE, int, ftruncate, (int fd, off_t length), (fd, length), -1)
ON_DESCRIPTOR(TRUNCATE, int, ftruncate64, (int fd, off64_t length), (fd, length), -1)
ON_DESCRIPTOR(TRUNCATE, int, fallocate, (int fd, int how, off_t from, off_t length),
              (fd, how, from, length), -1)
ON_DESCRIPTOR(LOCK, int, flock, (int fd, int how), (fd, how), -1)
ON_DESCRIPTOR(MAP, void *, mmap, (void *at, size_t length, int allow, int how, int fd, off_t from),
              (at, length, allow, how, fd, from), MAP_FAILED)
ON_DESCRIPTOR(MAP, void *, mmap64,
              (void *at, size_t length, int allow, int how, int fd, off64_t from),
              (at, length, allow, how, fd, from), MAP_FAILED)

int close(int fd)
{
    int action = on_descriptor(CLOSE, fd);
    int result = REAL(close)(fd); /* the descriptor is gone even where closing fails */
    return failing(action) ? -1 : result;
}

static int is_lock(int command)
{
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
           command == F_OFD_SETLKW;
}

#define CONTROLLING(name)                                                                          \
    int name(int fd, int command, ...)                                                             \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, command);                                                                   \
        void *argument = va_arg(rest, void *);                                                     \
        va_end(rest);                                                                              \
        if (is_lock(command) && failing(on_descriptor(LOCK, fd)))                                  \
            return -1;                                                                             \
        return REAL(name)(fd, command, argument);                                                  \
    }

CONTROLLING(fcntl)
CONTROLLING(fcntl64)

/* Reads and writes may also be cut short: half of the bytes, but at least one. */
#define TRANSFER(class, name, fd, parameters, size, whole, half)                                   \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        int action = on_descriptor(class, fd);                                                     \
        if (action == -1)                                                                          \
            return REAL(name) whole;                                                               \
        if (action == FAIL || size < 2) {                                                          \
            if (action == HALF)                                                                    \
                return REAL(name) whole;                                                           \
            if (action == HALF_THEN_KILL)                                                          \
                end_here();                                                                        \
            failing(action);                                                                       \
            return -1;                                                                             \
        }                                                                                          \
        ssize_t done = REAL(name) half;                                                            \
        if (action == HALF_THEN_KILL)                                                              \
            end_here();                                                                            \
        return done;                                                                               \
    }

TRANSFER(READ, read, fd, (int fd, void *to, size_t size), size, (fd, to, size), (fd, to, size / 2))
TRANSFER(READ, pread, fd, (int fd, void *to, size_t size, off_t from), size, (fd, to, size, from),
         (fd, to, size / 2, from))
TRANSFER(READ, pread64, fd, (int fd, void *to, size_t size, off64_t from), size,
         (fd, to, size, from), (fd, to, size / 2, from))
TRANSFER(READ, readv, fd, (int fd, const struct iovec *parts, int size), size, (fd, parts, size),
         (fd, parts, size / 2))
TRANSFER(WRITE, write, fd, (int fd, const void *from, size_t size), size, (fd, from, size),
         (fd, from, size / 2))
TRANSFER(WRITE, pwrite, fd, (int fd, const void *from, size_t size, off_t to), size,
         (fd, from, size, to), (fd, from, size / 2, to))
TRANSFER(WRITE, pwrite64, fd, (int fd, const void *from, size_t size, off64_t to), size,
         (fd, from, size, to), (fd, from, size / 2, to))
TRANSFER(WRITE, writev, fd, (int fd, const struct iovec *parts, int size), size, (fd, parts, size),
         (fd, parts, size / 2))
TRANSFER(WRITE, sendfile, to, (int to, int from, off_t *offset, size_t size), size,
         (to, from, offset, size), (to, from, offset, size / 2))
TRANSFER(WRITE, sendfile64, to, (int to, int from, off64_t *offset, size_t size), size,
         (to, from, offset, size), (to, from, offset, size / 2))
