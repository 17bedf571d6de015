/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Questions on the terminal; see ask.h. */
#include "ask.h"

#include "pf-arming.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE 64

struct _PfAsk {
  PfTrust *trust;
  int fd;
  guint source;
  guint asked; /* number of the device that was asked about; 0: none */
  gboolean digits, knocks; /* and how */
  gchar line[MAX_LINE + 1];
  gsize n;
};

gboolean
pf_ask_is_possible (void)
{
  return isatty (STDIN_FILENO) && isatty (STDOUT_FILENO) &&
         tcgetpgrp (STDIN_FILENO) == getpgrp ();
}

gchar *
pf_ask_question (const PfPending *p)
{
  return g_strdup_printf ("%s (%.4s %.4s, %s) wants to connect: type %s",
      p->name, p->fingerprint, p->fingerprint + 4, p->peer,
      p->ceremony && p->knock ? "the 4 digits it shows, y, or n"
      : p->ceremony           ? "the 4 digits it shows, or n"
                              : "y or n");
}

static void
ask_about (PfAsk *a, const PfPending *p)
{
  g_autofree gchar *question = pf_ask_question (p);

  a->asked = p->number;
  a->digits = p->ceremony != 0;
  a->knocks = p->knock != 0;
  g_print ("%s: ", question);
}

static void
ask_next (PfAsk *a)
{
  const PfPending *p = pf_trust_next_pending (a->trust, 0);

  if (p)
    ask_about (a, p);
}

static void
on_paired (gpointer user, const PfPairOutcome *outcome)
{
  (void) user; /* it was printed */
  (void) outcome;
}

/* The answer to what was asked last. */
static void
take_line (PfAsk *a)
{
  const PfPending *p =
      a->asked ? pf_trust_find_pending (a->trust, a->asked) : NULL;
  const gchar *line = g_strstrip (a->line);
  const guint number = a->asked;
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  if (!p)
    return;
  a->asked = 0;
  if (g_ascii_strcasecmp (line, "n") == 0)
    good = pf_trust_deny (a->trust, number, &error);
  else if (g_ascii_strcasecmp (line, "y") == 0)
    good = pf_trust_approve (a->trust, number, &error);
  else if (pf_arming_is_pin (line))
    good = pf_trust_pair (a->trust, number, line, on_paired, a, &error);
  else if (*line)
    g_print ("neither digits, y nor n\n");
  if (!good)
    g_print ("%s\n", error->message);
  if (a->asked == 0)
    ask_next (a);
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  PfAsk *a = data;
  gchar bytes[MAX_LINE];
  const ssize_t n = read (fd, bytes, sizeof bytes);

  (void) condition;
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  if (n <= 0) {
    a->source = 0;
    return G_SOURCE_REMOVE;
  }
  for (ssize_t i = 0; i < n; i++) {
    if (bytes[i] == '\n') {
      a->line[a->n] = '\0';
      a->n = 0;
      take_line (a);
      explicit_bzero (a->line, sizeof a->line);
    } else if (a->n < MAX_LINE) {
      a->line[a->n++] = bytes[i];
    }
  }
  explicit_bzero (bytes, sizeof bytes);
  return G_SOURCE_CONTINUE;
}

PfAsk *
pf_ask_new (PfTrust *trust, int fd)
{
  PfAsk *a = g_new0 (PfAsk, 1);

  a->trust = trust;
  a->fd = fd;
  a->source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, a);
  return a;
}

void
pf_ask_free (PfAsk *a)
{
  if (!a)
    return;
  pf_trust_forget (a->trust, a);
  g_clear_handle_id (&a->source, g_source_remove);
  explicit_bzero (a->line, sizeof a->line);
  g_free (a);
}

void
pf_ask_pending (PfAsk *a, const PfPending *p)
{
  const PfPending *asked =
      a->asked ? pf_trust_find_pending (a->trust, a->asked) : NULL;

  if (a->asked && !asked) {
    g_print ("\nit left\n");
    a->asked = 0;
  }
  if (!a->asked && a->source)
    ask_next (a);
  else if (p && asked == p &&
           (a->digits != (p->ceremony != 0) || a->knocks != (p->knock != 0))) {
    g_print ("\n");
    ask_about (a, p);
  }
}
