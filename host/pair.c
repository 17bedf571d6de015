/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host pair: asks a running host of this user. */
#include "admin.h"
#include "options.h"

#include "pf-store.h"

#include "pf-arming.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define WAIT_S (PF_ARMING_S_MAX + 240)

typedef struct {
  const PfOptions *options;
  gchar *path; /* of the socket */
  gchar **words;
} Pair;

/* ---- Asking -------------------------------------------------------------- */

/* The host's answer, or NULL: then it was said why not. */
static JsonObject *
ask (Pair *p, guint seconds, const gchar *first, ...)
{
  g_autoptr (GString) request = g_string_new ("pair");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *reply = NULL;
  JsonObject *o;
  va_list args;

  va_start (args, first);
  for (const gchar *word = first; word; word = va_arg (args, const gchar *)) {
    g_string_append_printf (request, "\t%s", word);
  }
  va_end (args);
  if (strpbrk (request->str, "\r\n")) {
    pf_fail ("a word has a line end in it");
    return NULL;
  }
  reply = pf_admin_ask (p->path, request->str, seconds, &error);
  explicit_bzero (request->str, request->len);
  o = reply ? pf_store_parse (reply, strlen (reply), &error) : NULL;
  if (!o)
    pf_fail ("%s", error->message);
  return o;
}

static const gchar *
text_of (JsonObject *o, const gchar *name)
{
  return json_object_get_string_member_with_default (o, name, NULL);
}

static gint64
number_of (JsonObject *o, const gchar *name)
{
  return json_object_get_int_member_with_default (o, name, 0);
}

/* FALSE if it is an error, which is said. */
static gboolean
is_good (JsonObject *o)
{
  const gchar *error = o ? text_of (o, "error") : NULL;

  if (error)
    pf_fail ("%s", error);
  return o && !error;
}

/* A PIN from the terminal, without an echo, or from a pipe. */
static gchar *
read_pin (const gchar *question)
{
  const gboolean terminal = isatty (STDIN_FILENO);
  struct termios old, quiet;
  gchar line[32] = "";

  if (terminal && tcgetattr (STDIN_FILENO, &old) == 0) {
    quiet = old;
    quiet.c_lflag &= (tcflag_t) ~ECHO;
    fprintf (stderr, "%s: ", question);
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  if (!fgets (line, sizeof line, stdin))
    line[0] = '\0';
  if (terminal) {
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &old);
    fputc ('\n', stderr);
  }
  g_strstrip (line);
  if (!pf_arming_is_pin (line)) {
    pf_fail ("a PIN has four digits");
    return NULL;
  }
  return g_strdup (line);
}

/* ---- Commands ------------------------------------------------------------ */

static void
print_pin (JsonObject *o)
{
  g_print ("PIN %s\n", text_of (o, "pin"));
}

/* What became of the PIN; the next one takes its place. */
static int
follow (Pair *p, gint64 serial)
{
  for (;;) {
    g_autofree gchar *text = g_strdup_printf ("%" G_GINT64_FORMAT, serial);
    g_autoptr (JsonObject) o = ask (p, WAIT_S, "wait", text, NULL);

    if (!o)
      return 1;
    if (json_object_get_boolean_member_with_default (o, "paired", FALSE)) {
      g_print ("paired with %s (%s)%s\n", text_of (o, "name"),
          text_of (o, "fingerprint"),
          json_object_get_boolean_member_with_default (o, "kept", FALSE)
              ? ", which keeps its rights"
              : "");
      return 0;
    }
    if (text_of (o, "name"))
      pf_fail ("%s (%.8s, %s): %s", text_of (o, "name"),
          text_of (o, "fingerprint"), text_of (o, "peer"),
          text_of (o, "error"));
    else
      is_good (o);
    if (!text_of (o, "pin"))
      return 1;
    print_pin (o);
    serial = number_of (o, "serial");
  }
}

static int
pair_arm (Pair *p)
{
  const PfOptions *options = p->options;
  g_autofree gchar *seconds = g_strdup_printf (
      "%d", options->seconds ? options->seconds : PF_ARMING_S_DEFAULT);
  g_autofree gchar *pin = NULL;
  g_autoptr (JsonObject) o = NULL;

  if (options->stdin_pin && !(pin = read_pin ("PIN")))
    return 1;
  o = ask (p, 0, "arm", seconds, pin ? pin : "-",
      options->device ? options->device : "-", NULL);
  if (!is_good (o))
    return 1;
  if (!pin)
    print_pin (o);
  g_print ("type it at the device, within %" G_GINT64_FORMAT " seconds\n",
      number_of (o, "seconds"));
  return options->no_wait ? 0 : follow (p, number_of (o, "serial"));
}

static void
print_device (JsonObject *o)
{
  const gint64 expires = number_of (o, "expires");
  g_autoptr (GDateTime) when =
      expires ? g_date_time_new_from_unix_local (expires) : NULL;
  g_autofree gchar *until =
      when ? g_date_time_format (when, ", until %F %H:%M") : NULL;

  g_print ("%-24s %.16s  %s%s%s\n", text_of (o, "name"),
      text_of (o, "fingerprint"), text_of (o, "may"), until ? until : "",
      g_strcmp0 (text_of (o, "protocol"), "gamestream") == 0 ? ", by Moonlight"
                                                             : "");
}

static void
print_pending (JsonObject *o)
{
  const gboolean digits =
      json_object_get_boolean_member_with_default (o, "digits", FALSE);

  g_print ("waits: %" G_GINT64_FORMAT "  %s (%.8s, %s), for %" G_GINT64_FORMAT
           " s%s\n",
      number_of (o, "number"), text_of (o, "name"), text_of (o, "fingerprint"),
      text_of (o, "peer"), number_of (o, "seconds"),
      digits ? "; shows digits" : "");
}

static void
print_all (JsonObject *o, const gchar *name, void (*print) (JsonObject *o))
{
  JsonArray *list = json_object_get_array_member (o, name);

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    print (json_array_get_object_element (list, i));
}

static int
pair_list (Pair *p)
{
  g_autoptr (JsonObject) o = ask (p, 0, "list", NULL);

  if (!is_good (o))
    return 1;
  if (p->options->json) {
    g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
    g_autofree gchar *text = NULL;

    json_node_set_object (node, o);
    text = json_to_string (node, FALSE);
    g_print ("%s\n", text);
    return 0;
  }
  print_all (o, "devices", print_device);
  print_all (o, "pending", print_pending);
  if (json_array_get_length (json_object_get_array_member (o, "devices")) == 0)
    g_print ("no device is paired\n");
  return 0;
}

/* By its digits, or by a person's word alone. */
static int
pair_approve (Pair *p, gboolean by_pin)
{
  const gchar *number = p->words[0] ? p->words[0] : "-";
  g_autofree gchar *pin = NULL;
  g_autoptr (JsonObject) o = NULL;

  if (by_pin && !(pin = read_pin ("the digits that it shows")))
    return 1;
  o = ask (p, pin ? WAIT_S : 0, "approve", number, pin ? pin : "-", NULL);
  if (!is_good (o))
    return 1;
  if (pin)
    g_print ("paired with %s (%s)\n", text_of (o, "name"),
        text_of (o, "fingerprint"));
  return 0;
}

static int
simple (Pair *p, const gchar *command)
{
  g_autoptr (JsonObject) o = NULL;
  gchar **w = p->words;
  const gchar *second = w[0] ? w[1] : NULL;

  o = ask (
      p, 0, command, w[0] ? w[0] : "-", second, second ? w[2] : NULL, NULL);
  return is_good (o) ? 0 : 1;
}

/* ---- Which host ---------------------------------------------------------- */

static gboolean
find_host (Pair *p)
{
  g_auto (GStrv) found = pf_admin_find ();
  const PfOptions *o = p->options;
  g_autofree gchar *wanted = NULL;

  if (o->port_given)
    wanted = g_strdup_printf ("/host-%d.sock", o->port);
  for (guint i = 0; found[i]; i++) {
    if (wanted && !g_str_has_suffix (found[i], wanted))
      continue;
    if (p->path) {
      pf_fail ("several hosts run here: name one with --port N");
      return FALSE;
    }
    p->path = g_strdup (found[i]);
  }
  if (!p->path)
    pf_fail ("no pf-host of this user runs here");
  return p->path != NULL;
}

int
pf_command_pair (const PfOptions *options, gchar **words)
{
  Pair p = { .options = options };
  const gchar *command = words[0];
  int status = 2;

  if (!command) {
    pf_fail ("name what to do: arm, list, approve, pin, deny, remove, rename, "
             "grant or disarm");
    return 2;
  }
  p.words = words + 1;
  if (!find_host (&p))
    return 1;
  if (g_str_equal (command, "arm"))
    status = pair_arm (&p);
  else if (g_str_equal (command, "list"))
    status = pair_list (&p);
  else if (g_str_equal (command, "approve"))
    status = pair_approve (&p, options->stdin_pin);
  else if (g_str_equal (command, "pin"))
    status = pair_approve (&p, TRUE);
  else if (g_str_equal (command, "deny") || g_str_equal (command, "remove") ||
           g_str_equal (command, "rename") || g_str_equal (command, "grant") ||
           g_str_equal (command, "disarm"))
    status = simple (&p, command);
  else
    pf_fail ("there is no command pair %s", command);
  g_free (p.path);
  return status;
}
