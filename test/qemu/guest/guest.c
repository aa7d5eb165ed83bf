/*
 * All that runs in the test guest: its init. It shows whether a guest that moves loses anything.
 *
 *  - A heartbeat every 100 ms on the console, which tells all figures below:
 *      beat n=<counter> ms=<since start> file=<counter> errors=<of the file> passes= pages= bad=
 *  - A counter that is written to and read back from one file every 50 ms, through one handle that is opened once: whoever takes
 *    over the file system must know that handle.
 *  - A dirtier that rewrites `mib` MiB at `rate` MiB/s (0: as fast as it can), and first checks that each page holds what it wrote
 *    there last: a page that is torn or stale counts as bad.
 *
 * From the kernel's command line: share=<tag of the file system> room=<MiB that mib may reach> mib= rate=
 * Lines on the console: "mib N", "rate N", "walk" (to look at every file of the share, and to say how many there are), "off"; each is
 * answered by "did ...".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { page_bytes = 4096, page_words = page_bytes / 8, pages_per_mib = 256, beat_ms = 100, file_ms = 50 };

/* Shared between the processes. Each number has one writer, and an aligned word is written whole. */
struct figures {
  volatile long mib, rate;
  volatile long file, errors;
  volatile long passes, pages, bad;
};

static struct figures *figures;
static int console = -1;

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void wait_until(int64_t ms) {
  struct timespec time;
  time.tv_sec = ms / 1000;
  time.tv_nsec = ms % 1000 * 1000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, 0);
}

/* One write a line, so that the lines of several processes do not mix. */
static void say(const char *format, ...) {
  char line[256];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length] = '\n';
  if (write(console, line, length + 1) < 0) return;
}

static long number(const char *name) {
  const char *text = getenv(name);
  return text == 0 ? 0 : atol(text);
}

static void beat(void) {
  int64_t start = now_ms();
  int64_t next = start;
  for (long n = 1;; n++) {
    struct figures *f = figures;
    say("beat n=%ld ms=%ld file=%ld errors=%ld passes=%ld pages=%ld bad=%ld", n, (long)(now_ms() - start), f->file, f->errors,
        f->passes, f->pages, f->bad);
    next += beat_ms;
    if (next < now_ms()) next = now_ms();
    wait_until(next);
  }
}

/* Whether the counter got to the file and back. What the guest's kernel holds of it is dropped, so that the reading is a real one. */
static int write_and_read_back(int file, long counter) {
  char wrote[32], read[32];
  int length = snprintf(wrote, sizeof wrote, "%020ld\n", counter);
  errno = 0;
  if (pwrite(file, wrote, length, 0) != length || fdatasync(file) != 0) return 0;
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  if (pread(file, read, length, 0) != length) return 0;
  return memcmp(wrote, read, length) == 0;
}

static void count_in_file(const char *tag) {
  if (mount(tag, "/share", "virtiofs", 0, "") != 0) {
    say("cannot mount %s: errno %d", tag, errno);
    return;
  }
  int file = open("/share/counter", O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (file < 0) {
    say("cannot open the counter: errno %d", errno);
    return;
  }
  for (long counter = 1;; counter++) {
    if (write_and_read_back(file, counter)) {
      figures->file = counter;
    } else {
      figures->errors++;
      say("the counter failed at %ld: errno %d", counter, errno);
    }
    wait_until(now_ms() + file_ms);
  }
}

/* The page must hold its number and, at both ends, how often it was written. */
static void rewrite(uint64_t *page, uint64_t number, uint32_t *times) {
  int bad = *times != 0 && (page[0] != number || page[1] != *times || page[page_words - 1] != *times);
  if (bad) {
    figures->bad++;
    say("page %ld is bad: %ld, %ld and %ld instead of %ld", (long)number, (long)page[0], (long)page[1],
        (long)page[page_words - 1], (long)*times);
  }
  *times += 1;
  page[0] = number;
  page[1] = *times;
  page[page_words - 1] = *times;
}

/* Lets the pages go on at the rate asked for: every 16 pages it looks how far ahead they are. */
static void keep_pace(void) {
  static long rate, done;
  static int64_t since;
  if (rate != figures->rate) {
    rate = figures->rate;
    done = 0;
    since = now_ms();
  }
  done++;
  if (rate <= 0 || done % 16 != 0) return;
  int64_t due = since + done * 1000 / (rate * pages_per_mib);
  if (due > now_ms()) wait_until(due);
}

static void dirty(long room_mib) {
  size_t room = room_mib * pages_per_mib;
  uint64_t *memory = mmap(0, room * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t *times = calloc(room, sizeof *times);
  if (memory == MAP_FAILED || times == 0) {
    say("no room for %ld MiB", room_mib);
    return;
  }
  for (size_t page = 0;;) {
    size_t end = figures->mib * pages_per_mib;
    if (end > room) end = room;
    if (end == 0) {
      wait_until(now_ms() + file_ms);
      continue;
    }
    if (page >= end) {
      figures->passes++;
      page = 0;
    }
    rewrite(memory + page * page_words, page, times + page);
    page++;
    figures->pages++;
    keep_pace();
  }
}

/* Looks at everything below the path, so that the guest knows it from then on, and whoever serves it has to. */
static long walk(const char *path) {
  DIR *directory = opendir(path);
  if (directory == 0) return 0;
  long seen = 0;
  struct dirent *entry;
  while ((entry = readdir(directory)) != 0) {
    char below[512];
    struct stat status;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below) continue;
    if (lstat(below, &status) != 0) continue;
    seen++;
    if (S_ISDIR(status.st_mode)) seen += walk(below);
  }
  closedir(directory);
  return seen;
}

/* Does what the lines on the console say. */
static void obey(void) {
  char line[128];
  long value;
  for (;;) {
    ssize_t length = read(console, line, sizeof line - 1);
    if (length <= 0) {
      wait_until(now_ms() + file_ms);
      continue;
    }
    line[length] = 0;
    if (sscanf(line, "mib %ld", &value) == 1) figures->mib = value;
    else if (sscanf(line, "rate %ld", &value) == 1) figures->rate = value;
    else if (strncmp(line, "walk", 4) == 0) say("walked %ld", walk("/share"));
    else if (strncmp(line, "off", 3) == 0) reboot(RB_POWER_OFF);
    else continue;
    line[strcspn(line, "\r\n")] = 0;
    say("did %s", line);
  }
}

static void open_console(void) {
  mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  mount("proc", "/proc", "proc", 0, "");
  console = open("/dev/console", O_RDWR | O_NOCTTY);
  struct termios settings;
  if (tcgetattr(console, &settings) != 0) return;
  settings.c_lflag &= ~ECHO;
  tcsetattr(console, TCSANOW, &settings);
}

int main(void) {
  open_console();
  figures = mmap(0, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  figures->mib = number("mib");
  figures->rate = number("rate");
  const char *tag = getenv("share");
  if (tag != 0 && fork() == 0) {
    count_in_file(tag);
    return 0;
  }
  if (number("room") > 0 && fork() == 0) {
    dirty(number("room"));
    return 0;
  }
  if (fork() == 0) beat();
  obey();
}
