// A library that is loaded before the others (LD_PRELOAD, Linux with glibc) and lets the n-th system call of a kind fail.
//
// What is to fail stands in a small file that the process and the test both map: a running process is armed and disarmed without a restart.
// `struct control` and the constants are those of Tests/TestSupport/FaultControl.swift.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, TRUNCATE, OPEN, READ, CONNECT, SEND, RECEIVE, ALLOCATE, KINDS };
enum { ANY_KIND = 99 };
/// Beside the numbers of errno: what happens to the call that is struck.
enum { HALF = 10000, KILL_BEFORE, KILL_AFTER, KILL_HALF };
enum { IDLE, ARMED, COUNTING };
enum { STEPS = 16, ANY_PORT = 0, LOCAL_SOCKETS = 65536 };

struct control {
  /// IDLE, ARMED, COUNTING.
  _Atomic uint32_t state;
  /// What the process says that it is doing.
  _Atomic uint32_t step;
  uint32_t kind;
  /// errno, or one of the above.
  uint32_t effect;
  /// Which matching call is struck first, from 1.
  uint32_t at;
  /// Whether all after it are struck too.
  uint32_t for_ever;
  /// Calls in other steps do not count; 0: in any.
  uint32_t only_step;
  /// Connections that have this port at one of their ends; ANY_PORT, LOCAL_SOCKETS.
  uint32_t port;
  _Atomic uint32_t seen;
  _Atomic uint32_t hits;
  /// The step in which the first was struck.
  _Atomic uint32_t hit_step;
  /// Matching calls since the state was set.
  _Atomic uint32_t calls[KINDS][STEPS];
  /// Files that have this in their path.
  char path[256];
};

static struct control *control;
/// Where the code of the libraries is whose memory may run out: those that say so instead of ending the process.
static struct range { uintptr_t start, end; } libraries[4];
static int library_count;

static int note_library(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size, (void)context;
  if (!strstr(info->dlpi_name, "libsqlite3.so") && !strstr(info->dlpi_name, "libpq.so")) return 0;
  for (int i = 0; i < info->dlpi_phnum && library_count < 4; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    libraries[library_count++] = (struct range){start, start + part->p_memsz};
  }
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("CAUSEWAY_FAULTS");
  if (!file) return;
  int descriptor = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) abort();
  void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  syscall(SYS_close, descriptor);
  if (memory == MAP_FAILED) abort();
  dl_iterate_phdr(note_library, NULL);
  control = memory;
}

/// The process says what it is doing.
void fault_step(uint32_t step) { if (control) atomic_store(&control->step, step); }

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/// - Returns: what is to happen to this call; 0: nothing.
static uint32_t strike(enum kind kind) {
  uint32_t step = atomic_load(&control->step) % STEPS;
  atomic_fetch_add(&control->calls[kind][step], 1);
  if (atomic_load(&control->state) != ARMED) return 0;
  if (control->kind != ANY_KIND && control->kind != (uint32_t)kind) return 0;
  if (control->only_step && control->only_step != step) return 0;
  uint32_t number = atomic_fetch_add(&control->seen, 1) + 1;
  if (control->for_ever ? number < control->at : number != control->at) return 0;
  if (atomic_fetch_add(&control->hits, 1) == 0) atomic_store(&control->hit_step, step);
  if (control->effect == KILL_BEFORE) die();
  return control->effect;
}

static int is_idle(void) { return !control || atomic_load(&control->state) == IDLE; }

static int is_socket(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int is_meant(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, control->path) != NULL;
}

static uint32_t port_of(const struct sockaddr_storage *address) {
  switch (address->ss_family) {
  case AF_INET: return ntohs(((const struct sockaddr_in *)address)->sin_port);
  case AF_INET6: return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  case AF_UNIX: return LOCAL_SOCKETS;
  default: return UINT32_MAX;
  }
}

static int is_meant_socket(int descriptor) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) return 0;
  uint32_t port = port_of(&address);
  if (port == UINT32_MAX) return 0;
  if (control->port == ANY_PORT || control->port == port) return 1;
  length = sizeof address;
  return getpeername(descriptor, (struct sockaddr *)&address, &length) == 0 && port_of(&address) == control->port;
}

/// What is to happen to a call that moves bytes.
static uint32_t strike_descriptor(int descriptor, enum kind file, enum kind stream) {
  if (is_idle()) return 0;
  int saved = errno;
  uint32_t effect = 0;
  if (is_socket(descriptor)) {
    if (is_meant_socket(descriptor)) effect = strike(stream);
    // A connection that was reset is so for both ends.
    if (effect == ECONNRESET || effect == EPIPE || effect == ETIMEDOUT) shutdown(descriptor, SHUT_RDWR);
  } else if (is_meant(descriptor)) {
    effect = strike(file);
  }
  errno = saved;
  return effect;
}

#define FAIL(effect) do { errno = (int)(effect); return -1; } while (0)
static size_t half(uint32_t effect, size_t count) { return effect == HALF || effect == KILL_HALF ? (count + 1) / 2 : count; }
#define MOVE(effect, call) do { \
    if ((effect) != 0 && (effect) < HALF) FAIL(effect); \
    ssize_t moved = (call); \
    if ((effect) > HALF) die(); \
    return moved; \
  } while (0)

ssize_t write(int descriptor, const void *bytes, size_t count) {
  uint32_t effect = strike_descriptor(descriptor, WRITE, SEND);
  MOVE(effect, syscall(SYS_write, descriptor, bytes, half(effect, count)));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  uint32_t effect = strike_descriptor(descriptor, WRITE, SEND);
  MOVE(effect, syscall(SYS_pwrite64, descriptor, bytes, half(effect, count), offset));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite64(descriptor, bytes, count, offset); }

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  uint32_t effect = strike_descriptor(descriptor, WRITE, SEND);
  if ((effect == HALF || effect == KILL_HALF) && count > 0) {
    MOVE(effect, syscall(SYS_write, descriptor, parts[0].iov_base, half(effect, parts[0].iov_len)));
  }
  MOVE(effect, syscall(SYS_writev, descriptor, parts, count));
}

ssize_t read(int descriptor, void *bytes, size_t count) {
  uint32_t effect = strike_descriptor(descriptor, READ, RECEIVE);
  MOVE(effect, syscall(SYS_read, descriptor, bytes, half(effect, count)));
}

ssize_t __read_chk(int descriptor, void *bytes, size_t count, size_t size) {
  if (count > size) abort();
  return read(descriptor, bytes, count);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
  uint32_t effect = strike_descriptor(descriptor, READ, RECEIVE);
  MOVE(effect, syscall(SYS_pread64, descriptor, bytes, half(effect, count), offset));
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) { return pread64(descriptor, bytes, count, offset); }

ssize_t __pread64_chk(int descriptor, void *bytes, size_t count, off64_t offset, size_t size) {
  if (count > size) abort();
  return pread64(descriptor, bytes, count, offset);
}

ssize_t readv(int descriptor, const struct iovec *parts, int count) {
  uint32_t effect = strike_descriptor(descriptor, READ, RECEIVE);
  MOVE(effect, syscall(SYS_readv, descriptor, parts, count));
}

static int synchronise(int descriptor, long number) {
  uint32_t effect = is_idle() || !is_meant(descriptor) ? 0 : strike(SYNC);
  // There is no half of it.
  if (effect == KILL_HALF) die();
  MOVE(effect, syscall(number, descriptor));
}

int fsync(int descriptor) { return synchronise(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synchronise(descriptor, SYS_fdatasync); }

int ftruncate64(int descriptor, off64_t size) {
  uint32_t effect = is_idle() || !is_meant(descriptor) ? 0 : strike(TRUNCATE);
  if (effect == KILL_HALF) die();
  MOVE(effect, syscall(SYS_ftruncate, descriptor, size));
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

static int open_file(int folder, const char *path, int flags, mode_t mode) {
  uint32_t effect = 0;
  if (!is_idle() && strstr(path, control->path)) effect = strike(OPEN);
  if (effect == HALF || effect == KILL_HALF) effect = 0;
  MOVE(effect, syscall(SYS_openat, folder, path, flags, mode));
}

#define MODE(flags) mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return open_file(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return open_file(folder, path, flags, mode); }

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
  uint32_t effect = 0;
  if (!is_idle()) {
    struct sockaddr_storage target = {0};
    memcpy(&target, address, length < sizeof target ? length : sizeof target);
    uint32_t port = port_of(&target);
    if (port != UINT32_MAX && (control->port == ANY_PORT || control->port == port)) effect = strike(CONNECT);
  }
  if (effect == HALF || effect == KILL_HALF) effect = 0;
  MOVE(effect, syscall(SYS_connect, descriptor, address, length));
}

ssize_t sendto(int descriptor, const void *bytes, size_t count, int flags, const struct sockaddr *address, socklen_t length) {
  uint32_t effect = strike_descriptor(descriptor, WRITE, SEND);
  MOVE(effect, syscall(SYS_sendto, descriptor, bytes, half(effect, count), flags, address, length));
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) { return sendto(descriptor, bytes, count, flags, NULL, 0); }

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
  uint32_t effect = strike_descriptor(descriptor, WRITE, SEND);
  MOVE(effect, syscall(SYS_sendmsg, descriptor, message, flags));
}

ssize_t recvfrom(
    int descriptor, void *bytes, size_t count, int flags, struct sockaddr *address, socklen_t *length) {
  uint32_t effect = strike_descriptor(descriptor, READ, RECEIVE);
  MOVE(effect, syscall(SYS_recvfrom, descriptor, bytes, half(effect, count), flags, address, length));
}

ssize_t recv(int descriptor, void *bytes, size_t count, int flags) { return recvfrom(descriptor, bytes, count, flags, NULL, NULL); }

ssize_t __recv_chk(int descriptor, void *bytes, size_t count, size_t size, int flags) {
  if (count > size) abort();
  return recv(descriptor, bytes, count, flags);
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
  uint32_t effect = strike_descriptor(descriptor, READ, RECEIVE);
  MOVE(effect, syscall(SYS_recvmsg, descriptor, message, flags));
}

// Memory. Swift's runtime ends the process when it gets none, as do most libraries; only those that report it are struck.

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static int is_denied(uintptr_t caller) {
  if (is_idle()) return 0;
  for (int i = 0; i < library_count; i++) {
    if (caller >= libraries[i].start && caller < libraries[i].end) {
      uint32_t effect = strike(ALLOCATE);
      if (effect > HALF) die();
      return effect != 0 && effect != HALF;
    }
  }
  return 0;
}

#define CALLER (uintptr_t)__builtin_return_address(0)
void *malloc(size_t size) {
  if (is_denied(CALLER)) { errno = ENOMEM; return NULL; }
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  if (is_denied(CALLER)) { errno = ENOMEM; return NULL; }
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  if (is_denied(CALLER)) { errno = ENOMEM; return NULL; }
  return __libc_realloc(memory, size);
}
