/* A disk that fails when it is told to: preloaded, it stands between a program and libc.

   What is opened, written, renamed or flushed below one folder is counted, each kind for
   itself, and the n-th of a kind fails. Built and driven by faulty_disk.py. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE, OPEN, RENAME, FSYNC, KINDS };
enum { FILES = 65536 };
#define SHORT (-1) /* in place of an error: a write takes half of what it is given */

static char below[PATH_MAX];
static char is_below[FILES]; /* by file descriptor */
static int armed, struck, chosen_kind, chosen_number, chosen_error, is_lasting;
static int counts[KINDS];

/* From now on the number-th operation of a kind fails; if lasting, so do all after it,
   of every kind, as on a disk that is full. Number 0: none, they are only counted. */
void faulty_disk_begin(const char *folder, int kind, int number, int error, int lasting)
{
    strncpy(below, folder, sizeof below - 1);
    chosen_kind = kind;
    chosen_number = number;
    chosen_error = error;
    is_lasting = lasting;
    armed = 1;
}

int faulty_disk_end(int kind)
{
    armed = 0;
    return counts[kind];
}

int faulty_disk_has_struck(void) { return struck; }

static int fails(int kind)
{
    if (!armed)
        return 0;
    int number = ++counts[kind];
    if (struck && is_lasting)
        return chosen_error != SHORT || kind == WRITE;
    if (kind != chosen_kind || number != chosen_number)
        return 0;
    return struck = 1;
}

/* The program's current directory is the folder, or below it. */
static int lies_below(const char *path)
{
    size_t length = strlen(below);
    if (path[0] != '/')
        return 1;
    return !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

#define REAL(name)                                                                     \
    static __typeof__(&name) real;                                                     \
    if (!real)                                                                         \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPENS(name, parameters, arguments, path, flags)                                \
    int name parameters                                                                \
    {                                                                                  \
        REAL(name);                                                                    \
        mode_t mode = 0;                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                           \
            va_list rest;                                                              \
            va_start(rest, flags);                                                     \
            mode = va_arg(rest, mode_t);                                               \
            va_end(rest);                                                              \
        }                                                                              \
        int ours = armed && lies_below(path);                                          \
        int reads = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT);             \
        /* To read, a full or a read-only disk is as good as any. */                   \
        if (ours && fails(OPEN) && (chosen_error == EIO || !reads)) {                  \
            errno = chosen_error;                                                      \
            return -1;                                                                 \
        }                                                                              \
        int file = real arguments;                                                     \
        if (file >= 0 && file < FILES)                                                 \
            is_below[file] = ours;                                                     \
        return file;                                                                   \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode), path, flags)
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), path, flags)
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), path,
      flags)
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), path,
      flags)

static int counted(int file) { return file >= 0 && file < FILES && is_below[file]; }

int close(int file)
{
    REAL(close);
    if (file >= 0 && file < FILES)
        is_below[file] = 0;
    return real(file);
}

ssize_t write(int file, const void *content, size_t size)
{
    REAL(write);
    if (counted(file) && fails(WRITE)) {
        if (chosen_error != SHORT) {
            errno = chosen_error;
            return -1;
        }
        size = (size + 1) / 2;
    }
    return real(file, content, size);
}

#define FLUSHES(name)                                                                  \
    int name(int file)                                                                 \
    {                                                                                  \
        REAL(name);                                                                    \
        if (counted(file) && fails(FSYNC)) {                                           \
            errno = chosen_error;                                                      \
            return -1;                                                                 \
        }                                                                              \
        return real(file);                                                             \
    }

FLUSHES(fsync)
FLUSHES(fdatasync)

#define RENAMES(name, parameters, arguments)                                           \
    int name parameters                                                                \
    {                                                                                  \
        REAL(name);                                                                    \
        if (lies_below(to) && fails(RENAME)) {                                         \
            errno = chosen_error;                                                      \
            return -1;                                                                 \
        }                                                                              \
        return real arguments;                                                         \
    }

RENAMES(rename, (const char *from, const char *to), (from, to))
RENAMES(renameat, (int at, const char *from, int into, const char *to),
        (at, from, into, to))
