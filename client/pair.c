/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-client pair, request-access and forget: how this device and a host come
 * to know one another.
 */
#include "hosts.h"
#include "options.h"

#include "pf-conf.h"

#include <errno.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

/* The host lets this device in, but could not serve it now. */
#define CODE_SETUP 0x68

typedef struct {
  const PfClientOptions *options;
  gchar *dir, *known; /* fingerprint, or NULL */
  gchar pin[16];
  GMainLoop *loop;
  GstElement *pair;             /* pfquicpair */
  GstElement *pipeline, *knock; /* a pfquicsrc in it; NULL: only pairs */
  gchar *fingerprint;           /* of the host, when it is done */
  gchar *reason;                /* why not */
  gboolean pair_over, knock_over;
  gboolean done, paired;
} Access;

/* ---- The PIN -------------------------------------------------------------- */

static gboolean
is_pin (const gchar *text)
{
  const gsize n = strspn (text, "0123456789");

  return n >= 4 && n <= 8 && text[n] == '\0';
}

/* From the terminal, without an echo, or from a pipe. */
static gboolean
read_pin (Access *a)
{
  const gboolean terminal = isatty (STDIN_FILENO);
  struct termios old, quiet;

  if (terminal && tcgetattr (STDIN_FILENO, &old) == 0) {
    quiet = old;
    quiet.c_lflag &= (tcflag_t) ~ECHO;
    fprintf (stderr, "PIN that the host shows (pf-host pair arm): ");
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  if (!fgets (a->pin, sizeof a->pin, stdin))
    a->pin[0] = '\0';
  if (terminal) {
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &old);
    fputc ('\n', stderr);
  }
  g_strstrip (a->pin);
  if (is_pin (a->pin))
    return TRUE;
  pf_client_fail ("a PIN has four digits; it is read from standard input");
  return FALSE;
}

static gboolean
make_pin (Access *a)
{
  guint32 random = 0;

  if (getentropy (&random, sizeof random) < 0) {
    pf_client_fail ("no random numbers: %s", g_strerror (errno));
    return FALSE;
  }
  g_snprintf (a->pin, sizeof a->pin, "%04u", random % 10000);
  return TRUE;
}

/* ---- What the elements tell ------------------------------------------------ */

static void
finish (Access *a, gboolean paired, const gchar *fingerprint)
{
  if (a->done)
    return;
  a->done = TRUE;
  a->paired = paired;
  a->fingerprint = g_strdup (fingerprint);
  g_main_loop_quit (a->loop);
}

/* One of two ways did not lead there; the other one still may. */
static void
give_up (Access *a, gboolean *over, const gchar *reason)
{
  *over = TRUE;
  if (!a->reason || over == &a->knock_over) {
    g_free (a->reason);
    a->reason = g_strdup (reason);
  }
  if (a->pair_over && (a->knock_over || !a->knock))
    finish (a, FALSE, NULL);
}

static gboolean
on_pair_message (GstBus *bus, GstMessage *message, gpointer data)
{
  const GstStructure *s = gst_message_get_structure (message);
  gboolean paired = FALSE;
  Access *a = data;

  (void) bus;
  if (!gst_message_has_name (message, "PfPairResult"))
    return G_SOURCE_CONTINUE;
  gst_structure_get_boolean (s, "paired", &paired);
  if (paired)
    finish (a, TRUE, gst_structure_get_string (s, "host-fingerprint"));
  else
    give_up (a, &a->pair_over, gst_structure_get_string (s, "reason"));
  return G_SOURCE_CONTINUE;
}

static void
admitted (Access *a)
{
  g_autofree gchar *fingerprint = NULL;

  g_object_get (a->knock, "host-fingerprint", &fingerprint, NULL);
  finish (a, TRUE, fingerprint);
}

static gboolean
on_knock_message (GstBus *bus, GstMessage *message, gpointer data)
{
  const GstStructure *s = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;
  Access *a = data;
  guint code = 0;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    give_up (a, &a->knock_over, error->message);
  } else if (gst_message_has_name (message, "PfSessionGranted")) {
    admitted (a);
  } else if (gst_message_has_name (message, "PfSessionEnded") &&
             gst_structure_get_uint (s, "code", &code) && code == CODE_SETUP) {
    admitted (a);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer data)
{
  finish (data, FALSE, NULL);
  return G_SOURCE_CONTINUE;
}

/* ---- Elements -------------------------------------------------------------- */

static GstElement *
make_element (Access *a, const gchar *factory)
{
  const PfClientOptions *o = a->options;
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element) {
    pf_client_fail ("the element %s is not here: was gst-punktfunk built with "
                    "ngtcp2 and libsodium, and is GST_PLUGIN_PATH set?",
        factory);
    return NULL;
  }
  gst_object_ref_sink (element);
  g_object_set (element, "address", o->address, "identity-dir", a->dir,
      "client-name", o->name ? o->name : g_get_host_name (), "pin", a->known,
      NULL);
  return element;
}

static gboolean
begin_pair (Access *a)
{
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  gboolean begun = FALSE;

  a->pair = make_element (a, "pfquicpair");
  if (!a->pair)
    return FALSE;
  g_object_set (a->pair, "port", a->options->port, NULL);
  gst_element_set_bus (a->pair, bus);
  if (gst_element_set_state (a->pair, GST_STATE_READY) ==
      GST_STATE_CHANGE_FAILURE) {
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    if (message)
      gst_message_parse_error (message, &error, NULL);
    pf_client_fail ("%s", error ? error->message : "cannot begin");
    return FALSE;
  }
  gst_bus_add_watch (bus, on_pair_message, a);
  g_signal_emit_by_name (a->pair, "pair", a->pin, &begun);
  explicit_bzero (a->pin, sizeof a->pin);
  if (!begun)
    pf_client_fail ("cannot begin");
  return begun;
}

static gboolean
begin_knock (Access *a)
{
  g_autoptr (GstBus) bus = NULL;

  a->knock = make_element (a, "pfquicsrc");
  if (!a->knock)
    return FALSE;
  g_object_set (a->knock, "port", (gint) a->options->port, "codecs",
      "h264;h265;av1", "width", 640u, "height", 360u, "fps", 30u, NULL);
  a->pipeline = gst_pipeline_new (NULL);
  gst_object_ref_sink (a->pipeline);
  gst_bin_add (GST_BIN (a->pipeline), a->knock);
  bus = gst_element_get_bus (a->pipeline);
  gst_bus_add_watch (bus, on_knock_message, a);
  gst_element_set_state (a->pipeline, GST_STATE_PLAYING);
  return TRUE;
}

static void
stop (GstElement *element, GstBus *bus)
{
  if (!element)
    return;
  if (bus)
    gst_bus_remove_watch (bus);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
clear (Access *a)
{
  g_autoptr (GstBus) pair = a->pair ? gst_element_get_bus (a->pair) : NULL;
  g_autoptr (GstBus) knock =
      a->pipeline ? gst_element_get_bus (a->pipeline) : NULL;

  stop (a->pair, pair);
  stop (a->pipeline, knock);
  gst_clear_object (&a->pair);
  gst_clear_object (&a->knock);
  gst_clear_object (&a->pipeline);
  explicit_bzero (a->pin, sizeof a->pin);
  g_main_loop_unref (a->loop);
  g_free (a->dir);
  g_free (a->known);
  g_free (a->fingerprint);
  g_free (a->reason);
}

/* ---- Commands -------------------------------------------------------------- */

/* The host is known from now on: only then is it said. */
static int
conclude (Access *a)
{
  const PfClientOptions *o = a->options;
  g_autoptr (GError) error = NULL;

  if (!a->paired)
    return pf_client_fail (
        "%s: %s", o->host, a->reason ? a->reason : "interrupted");
  if (!pf_hosts_add (a->dir, o->address, o->port, a->fingerprint, &error))
    return pf_client_fail ("%s: %s", o->host, error->message);
  g_print ("%s knows this device\nfingerprint of the host %s\n", o->host,
      a->fingerprint);
  return 0;
}

static int
run (Access *a, gboolean knock)
{
  g_unix_signal_add (SIGINT, on_signal, a);
  g_unix_signal_add (SIGTERM, on_signal, a);
  if ((knock && !begin_knock (a)) || !begin_pair (a))
    return 1;
  g_main_loop_run (a->loop);
  return conclude (a);
}

static gboolean
prepare (Access *a, const PfClientOptions *o)
{
  g_autoptr (GError) error = NULL;

  a->options = o;
  a->loop = g_main_loop_new (NULL, FALSE);
  a->dir = pf_hosts_dir (o->identity_dir);
  a->known = o->pin ? g_strdup (o->pin)
                    : pf_hosts_find (a->dir, o->address, o->port, &error);
  if (!error)
    return TRUE;
  pf_client_fail ("%s", error->message);
  return FALSE;
}

int
pf_client_pair (const PfClientOptions *o)
{
  Access a = { 0 };
  int status = 1;

  if (prepare (&a, o) && (o->show ? make_pin (&a) : read_pin (&a))) {
    if (o->show)
      g_print ("type %s at the host\n", a.pin);
    status = run (&a, FALSE);
  }
  clear (&a);
  return status;
}

int
pf_client_request_access (const PfClientOptions *o)
{
  Access a = { 0 };
  int status = 1;

  if (prepare (&a, o) && make_pin (&a)) {
    g_print ("waits for somebody at %s; asked for digits, they type %s\n",
        o->host, a.pin);
    status = run (&a, TRUE);
  }
  clear (&a);
  return status;
}

int
pf_client_forget (const PfClientOptions *o)
{
  g_autofree gchar *dir = pf_hosts_dir (o->identity_dir);
  g_autoptr (GError) error = NULL;

  if (!pf_hosts_forget (dir, o->address, o->port, &error))
    return pf_client_fail ("%s: %s", o->host, error->message);
  return 0;
}
