/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-forward: a bad network line between programs on one machine. Tests put it
 * between a client and a host; it loses the same packets for the same seed.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "forward-net.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, MAX_SECONDS = 3600 };

#define NS_PER_S UINT64_C (1000000000)

typedef struct {
  ForwardNet *net;
  uint64_t seed, seconds;
  bool control;
  size_t n_listening;
  char listening[FORWARD_MAX_MAPS][64];
  char line[256]; /* a command so far */
  size_t n_line;
} Forward;

static const char help[] =
    "Usage: pf-forward --map LISTEN=TARGET [OPTION...]\n"
    "Forwards UDP packets both ways and treats them as a bad line does. Each\n"
    "client gets a port of its own toward the target.\n"
    "\n"
    "  --map LISTEN=TARGET  numeric ADDRESS:PORT each, [ADDRESS]:PORT for "
    "IPv6;\n"
    "                       PORT may be a range A-B on both sides; port 0\n"
    "                       listens on any; may be given again\n"
    "  --from ADDRESS       where packets for targets come from\n"
    "  --up SPEC            what befalls packets toward the target\n"
    "  --down SPEC          and packets back\n"
    "  --both SPEC\n"
    "  --seed N             another seed, other losses (1)\n"
    "  --seconds N          ends by then (60)\n"
    "  --control            takes commands on standard input, one a line: up\n"
    "                       SPEC, down SPEC, both SPEC, rebind (new ports\n"
    "                       toward the targets), stats, quit; its end is quit\n"
    "\n";

static const char help_end[] =
    "\n"
    "Prints a line of JSON when it listens, one for each stats, and one with\n"
    "all counts at its end, also when SIGINT or SIGTERM ends it.\n"
    "Exit status: 0; 1 for a socket that cannot be had; 2 for a wrong command\n"
    "line.\n";

static int complain (const char *format, ...)
    __attribute__ ((format (printf, 1, 2)));

static int
complain (const char *format, ...)
{
  va_list args;

  fputs ("pf-forward: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  return -1;
}

/* ---- Output ------------------------------------------------------------- */

static void
print_direction (const Forward *f, ForwardDirection direction)
{
  const ForwardCounters *n = forward_net_counters (f->net, direction);
  const struct {
    const char *name;
    uint64_t n;
  } rows[] = {
    { "received", n->received },
    { "received_bytes", n->received_bytes },
    { "passed", n->passed },
    { "passed_bytes", n->passed_bytes },
    { "lost", n->lost },
    { "lost_queue", n->lost_queue },
    { "lost_room", n->lost_room },
    { "duplicated", n->duplicated },
    { "reordered", n->reordered },
    { "queue_peak_bytes", n->queue_peak },
    { "late_us", n->late_us },
  };

  printf (",\"%s\":{", direction == FORWARD_UP ? "up" : "down");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    printf ("%s\"%s\":%" PRIu64, i ? "," : "", rows[i].name, rows[i].n);
  putchar ('}');
}

static void
print_stats (const Forward *f)
{
  const ForwardNetCounters *n = forward_net_own_counters (f->net);

  printf ("{\"seed\":%" PRIu64 ",\"flows\":%" PRIu64 ",\"refused\":%" PRIu64
          ",\"overflows\":%" PRIu64 ",\"send_errors\":%" PRIu64
          ",\"receive_errors\":%" PRIu64 ",\"rebinds\":%" PRIu64,
      f->seed, n->flows, n->refused, n->overflows, n->send_errors,
      n->receive_errors, n->rebinds);
  print_direction (f, FORWARD_UP);
  print_direction (f, FORWARD_DOWN);
  puts ("}");
  fflush (stdout);
}

static void
print_listening (const Forward *f)
{
  fputs ("{\"listening\":[", stdout);
  for (size_t i = 0; i < f->n_listening; i++)
    printf ("%s\"%s\"", i ? "," : "", f->listening[i]);
  puts ("]}");
  fflush (stdout);
}

/* ---- Options ------------------------------------------------------------ */

static int
parse_uint (const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
  char *end;
  unsigned long long n;

  if (*text < '0' || *text > '9')
    return -1;
  errno = 0;
  n = strtoull (text, &end, 10);
  if (errno != 0 || *end != '\0' || n < low || n > high)
    return -1;
  *value = n;
  return 0;
}

static int
add_maps (
    Forward *f, ForwardAddress *listen, ForwardAddress *target, unsigned ports)
{
  const unsigned from = forward_address_port (listen);
  const unsigned to = forward_address_port (target);

  for (unsigned i = 0; i < ports; i++) {
    ForwardAddress bound = *listen;

    forward_address_set_port (&bound, from + i);
    forward_address_set_port (target, to + i);
    if (forward_net_add_map (f->net, &bound, target) != 0) {
      char text[64];

      forward_address_format (&bound, text, sizeof text);
      complain ("%s: %s", text, strerror (errno));
      return EXIT_WRONG;
    }
    forward_address_format (&bound, f->listening[f->n_listening],
        sizeof f->listening[f->n_listening]);
    f->n_listening++;
  }
  return 0;
}

static int
parse_map (Forward *f, const char *text)
{
  ForwardAddress listen, target;
  unsigned from_ports, to_ports;
  const char *equals = strchr (text, '=');
  char left[80];

  if (equals == NULL || (size_t) (equals - text) >= sizeof left)
    return -1;
  memcpy (left, text, (size_t) (equals - text));
  left[equals - text] = '\0';
  if (forward_address_parse (&listen, &from_ports, left) != 0 ||
      forward_address_parse (&target, &to_ports, equals + 1) != 0 ||
      from_ports != to_ports || forward_address_port (&target) == 0)
    return -1;
  return add_maps (f, &listen, &target, to_ports);
}

/* name is up, down or both. */
static int
set_spec (Forward *f, const char *name, const char *text)
{
  ForwardSpec spec;
  char error[128];

  if (forward_spec_parse (&spec, text, error, sizeof error) != 0)
    return complain ("%s: %s", name, error);
  if (strcmp (name, "down") != 0)
    forward_net_set_spec (f->net, FORWARD_UP, &spec);
  if (strcmp (name, "up") != 0)
    forward_net_set_spec (f->net, FORWARD_DOWN, &spec);
  return 0;
}

static bool
is_direction (const char *name)
{
  return strcmp (name, "up") == 0 || strcmp (name, "down") == 0 ||
         strcmp (name, "both") == 0;
}

/* 0, or the exit status. */
static int
parse_option (Forward *f, const char *name, const char *value)
{
  ForwardAddress from;
  int bad = 0;

  if (is_direction (name))
    return set_spec (f, name, value) != 0 ? EXIT_USAGE : 0;
  if (strcmp (name, "map") == 0) {
    bad = parse_map (f, value);
    if (bad > 0)
      return bad;
  } else if (strcmp (name, "from") == 0) {
    bad = forward_address_parse (&from, NULL, value);
    if (bad == 0)
      forward_net_set_from (f->net, &from);
  } else if (strcmp (name, "seconds") == 0) {
    bad = parse_uint (value, 1, MAX_SECONDS, &f->seconds);
  } else {
    complain ("--%s: no such option; --help lists them", name);
    return EXIT_USAGE;
  }
  if (bad != 0)
    complain ("--%s %s: not a value for it; see --help", name, value);
  return bad != 0 ? EXIT_USAGE : 0;
}

/* The seed comes before anything that uses it. */
static int
find_seed (Forward *f, int argc, char **argv)
{
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp (argv[i], "--seed") == 0 &&
        parse_uint (argv[i + 1], 0, UINT64_MAX, &f->seed) != 0)
      return complain ("--seed %s: not a number", argv[i + 1]);
  return 0;
}

static int
parse (Forward *f, int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    int status;

    if (strcmp (argv[i], "--control") == 0) {
      f->control = true;
      continue;
    }
    if (strncmp (argv[i], "--", 2) != 0 || i + 1 == argc) {
      complain (
          "%s: no such option, or one without its value; see --help", argv[i]);
      return EXIT_USAGE;
    }
    if (strcmp (argv[i], "--seed") == 0) {
      i++;
      continue;
    }
    status = parse_option (f, argv[i] + 2, argv[i + 1]);
    if (status != 0)
      return status;
    i++;
  }
  if (f->n_listening == 0) {
    complain ("no --map; see --help");
    return EXIT_USAGE;
  }
  return 0;
}

/* ---- Commands ----------------------------------------------------------- */

/* False to end. */
static bool
obey (Forward *f, char *line)
{
  char *value = strchr (line, ' ');

  if (value != NULL)
    *value++ = '\0';
  if (strcmp (line, "quit") == 0)
    return false;
  if (strcmp (line, "stats") == 0)
    print_stats (f);
  else if (strcmp (line, "rebind") == 0)
    forward_net_rebind (f->net);
  else if (is_direction (line) && value != NULL)
    set_spec (f, line, value);
  else if (*line != '\0')
    complain ("%s: no such command", line);
  return true;
}

/* False to end. */
static bool
read_commands (Forward *f)
{
  char bytes[256];
  const ssize_t n = read (STDIN_FILENO, bytes, sizeof bytes);

  if (n == 0)
    return false;
  for (ssize_t i = 0; i < n; i++) {
    if (bytes[i] != '\n') {
      if (f->n_line < sizeof f->line - 1)
        f->line[f->n_line++] = bytes[i];
      continue;
    }
    f->line[f->n_line] = '\0';
    f->n_line = 0;
    if (!obey (f, f->line))
      return false;
  }
  return true;
}

/* ---- Running ------------------------------------------------------------ */

static int
watch_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, NULL);
  return signalfd (-1, &set, SFD_CLOEXEC);
}

/* Until a signal, a command or the time ends it. */
static int
run (Forward *f, int signals)
{
  const uint64_t end = forward_now () + f->seconds * NS_PER_S;
  struct pollfd fds[] = {
    { .fd = forward_net_fd (f->net), .events = POLLIN },
    { .fd = signals, .events = POLLIN },
    { .fd = f->control ? STDIN_FILENO : -1, .events = POLLIN },
  };

  for (;;) {
    const uint64_t now = forward_now ();

    if (now >= end)
      return 0;
    if (poll (fds, 3, (int) ((end - now) / 1000000) + 1) < 0 &&
        errno != EINTR) {
      complain ("poll: %s", strerror (errno));
      return EXIT_WRONG;
    }
    if (fds[1].revents || (fds[2].revents && !read_commands (f)))
      return 0;
    if (forward_net_work (f->net) != 0) {
      complain ("%s", strerror (errno));
      return EXIT_WRONG;
    }
  }
}

static int
forward (Forward *f, int argc, char **argv)
{
  int status, signals;

  if (find_seed (f, argc, argv) != 0)
    return EXIT_USAGE;
  f->net = forward_net_new (f->seed);
  signals = watch_signals ();
  if (f->net == NULL || signals < 0) {
    complain ("%s", strerror (errno));
    return EXIT_WRONG;
  }
  status = parse (f, argc, argv);
  if (status != 0)
    return status;
  prctl (PR_SET_TIMERSLACK, 1, 0, 0, 0);
  print_listening (f);
  status = run (f, signals);
  print_stats (f);
  close (signals);
  return status;
}

int
main (int argc, char **argv)
{
  static Forward f = { .seed = 1, .seconds = 60 };
  int status;

  if (argc == 2 &&
      (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)) {
    fputs (help, stdout);
    fputs (forward_spec_help, stdout);
    fputs (help_end, stdout);
    return 0;
  }
  status = forward (&f, argc, argv);
  forward_net_free (f.net);
  return status;
}
