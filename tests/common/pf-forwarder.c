/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs pf-forward; see pf-forwarder.h. */
#include "pf-forwarder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pf-test.h"

#define MAX_ARGS 64
#define MAX_LINE 32768
#define WAIT_MS 10000

/* One line of its output, without the newline; malloc'ed. */
static char *
read_line (PfForwarder *f)
{
  char *line = malloc (MAX_LINE);
  size_t n = 0;

  while (line != NULL && n < MAX_LINE - 1) {
    struct pollfd wait = { .fd = f->out, .events = POLLIN };

    if (poll (&wait, 1, WAIT_MS) <= 0 || read (f->out, line + n, 1) != 1)
      break;
    if (line[n] == '\n') {
      line[n] = '\0';
      return line;
    }
    n++;
  }
  free (line);
  pf_test_note ("pf-forward says nothing more");
  return NULL;
}

static PfJsonDoc *
read_json (PfForwarder *f)
{
  char *line = read_line (f), error[200];
  PfJsonDoc *doc = NULL;

  if (line != NULL)
    doc = pf_json_parse (line, strlen (line), error, sizeof error);
  if (line != NULL && doc == NULL)
    pf_test_note ("pf-forward: %s: %s", line, error);
  free (line);
  return doc;
}

static void
run_child (const char *program, const char *const *args, int in, int out)
{
  const char *argv[MAX_ARGS + 3];
  size_t n = 0;

  argv[n++] = program;
  for (; *args != NULL && n < MAX_ARGS; args++)
    argv[n++] = *args;
  argv[n++] = "--control";
  argv[n] = NULL;
  dup2 (in, STDIN_FILENO);
  dup2 (out, STDOUT_FILENO);
  execv (program, (char *const *) argv);
  _exit (127);
}

bool
pf_forwarder_start (
    PfForwarder *f, const char *program, const char *const *args)
{
  int in[2], out[2];

  memset (f, 0, sizeof *f);
  if (program == NULL) {
    pf_test_note ("where is pf-forward?");
    return false;
  }
  signal (SIGPIPE, SIG_IGN);
  if (pipe (in) != 0)
    return false;
  if (pipe (out) != 0) {
    close (in[0]);
    close (in[1]);
    return false;
  }
  /* Other children must not keep its input open. */
  fcntl (in[1], F_SETFD, FD_CLOEXEC);
  fcntl (out[0], F_SETFD, FD_CLOEXEC);
  f->in = in[1];
  f->out = out[0];
  f->pid = fork ();
  if (f->pid == 0)
    run_child (program, args, in[0], out[1]);
  close (in[0]);
  close (out[1]);
  f->listening = f->pid > 0 ? read_json (f) : NULL;
  if (f->listening == NULL) {
    pf_json_free (pf_forwarder_stop (f));
    return false;
  }
  return true;
}

unsigned
pf_forwarder_port (const PfForwarder *f, size_t map)
{
  const char *at = pf_json_string (pf_json_at (
      pf_json_member (pf_json_root (f->listening), "listening"), map));
  const char *port = at != NULL ? strrchr (at, ':') : NULL;

  return port != NULL ? (unsigned) strtoul (port + 1, NULL, 10) : 0;
}

bool
pf_forwarder_command (PfForwarder *f, const char *command)
{
  const size_t size = strlen (command);

  return write (f->in, command, size) == (ssize_t) size &&
         write (f->in, "\n", 1) == 1;
}

PfJsonDoc *
pf_forwarder_stats (PfForwarder *f)
{
  return pf_forwarder_command (f, "stats") ? read_json (f) : NULL;
}

PfJsonDoc *
pf_forwarder_stop (PfForwarder *f)
{
  PfJsonDoc *stats = NULL;
  int status = 0;

  close (f->in);
  if (f->listening != NULL)
    stats = read_json (f);
  close (f->out);
  if (f->pid > 0) {
    if (stats == NULL)
      kill (f->pid, SIGKILL);
    while (waitpid (f->pid, &status, 0) < 0 && errno == EINTR)
      ;
  }
  if (f->pid > 0 && !(WIFEXITED (status) && WEXITSTATUS (status) == 0))
    pf_test_note ("pf-forward ended with status 0x%x", (unsigned) status);
  pf_json_free (f->listening);
  memset (f, 0, sizeof *f);
  f->in = f->out = -1;
  return stats;
}

uint64_t
pf_forwarder_count (
    const PfJsonDoc *stats, const char *direction, const char *name)
{
  const PfJson *object = stats != NULL ? pf_json_root (stats) : NULL;
  uint64_t n = UINT64_MAX;

  if (direction != NULL)
    object = pf_json_member (object, direction);
  pf_json_uint64 (pf_json_member (object, name), &n);
  return n;
}
