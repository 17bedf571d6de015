/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who comes in, over loopback: the host's own policy behind a pfquicserver,
 * devices that are pfquicpair and pfquicsrc, and some that only half behave.
 */
#include "ask.h"
#include "pf-events.h"
#include "pf-session.h"
#include "pf-store.h"
#include "pf-test.h"
#include "trust.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#define WAIT_US (20 * G_USEC_PER_SEC)
#define GAP_US (2100 * 1000) /* between ceremonies, and a little */
#define MEDIA                                                                  \
  "fakesrc name=source is-live=true sync=true format=time datarate=300000 "    \
  "sizetype=fixed sizemax=3000 filltype=pattern ! capsfilter caps=\"video/"    \
  "x-h264,stream-format=byte-stream,alignment=au,width=640,height=480,"        \
  "framerate=100/1,profile=main\" ! pffecenc ! pfaesgcm ! pfquicsink name=end"

typedef struct {
  gchar *dir, *store, *name;
  GstElement *server;
  GstBus *bus;
  guint watch, port;
  PfTrust *trust;
  gboolean serve; /* offers become sessions */
  /* what happened */
  guint offers, started;
  guint64 offer, last_ended;
  gchar *offered; /* whose the session is */
  guint32 access;
  GstElement *media;
  guint inputs; /* that came up to its source; atomic */
  guint revoked;
  PfAsk *ask;
  PfPairOutcome outcome;
  guint outcomes;
} Host;

/* A device. */
typedef struct {
  GstElement *element, *pipeline; /* of pfquicpair none */
  GstBus *bus;
  gboolean over, paired, granted;
  guint64 code;
} Device;

static guint n_hosts;

/* ---- The host -------------------------------------------------------------- */

static GstPadProbeReturn
on_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  PfInput input;
  Host *h = data;

  (void) pad;
  if (pf_event_parse_input (GST_PAD_PROBE_INFO_EVENT (info), &input) &&
      input.kind != PF_INPUT_RELEASE)
    g_atomic_int_inc (&h->inputs);
  return GST_PAD_PROBE_OK;
}

static void
play (Host *h, guint64 id)
{
  g_autoptr (GstStructure) grants = gst_structure_new (
      "PfSessionGrant", "access", G_TYPE_UINT, h->access, NULL);
  GstElement *end, *source;
  GstPad *pad;
  gboolean known;

  h->media = gst_parse_launch (MEDIA, NULL);
  PF_REQUIRE (h->media);
  end = gst_bin_get_by_name (GST_BIN (h->media), "end");
  source = gst_bin_get_by_name (GST_BIN (h->media), "source");
  pad = gst_element_get_static_pad (source, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, h, NULL);
  g_object_set (end, "server", h->name, "session", id, NULL);
  g_signal_emit_by_name (h->server, "accept", id, grants, &known);
  gst_element_set_state (h->media, GST_STATE_PLAYING);
  gst_object_unref (pad);
  gst_object_unref (source);
  gst_object_unref (end);
}

static void
on_offer (Host *h, const GstStructure *s)
{
  const gchar *fingerprint = gst_structure_get_string (s, "fingerprint");
  gboolean known;
  gint64 expires;
  guint code;

  h->offers++;
  gst_structure_get_uint64 (s, "id", &h->offer);
  g_free (h->offered);
  h->offered = g_strdup (fingerprint);
  code = pf_trust_access (h->trust, fingerprint, FALSE, &h->access, &expires);
  if (code)
    g_signal_emit_by_name (h->server, "refuse", h->offer, code, NULL, &known);
  else if (h->serve)
    play (h, h->offer);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  const GstStructure *s = gst_message_get_structure (message);
  Host *h = data;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT ||
      pf_trust_message (h->trust, s))
    return G_SOURCE_CONTINUE;
  if (gst_structure_has_name (s, "PfSessionOffer"))
    on_offer (h, s);
  else if (gst_structure_has_name (s, "PfSessionStarted"))
    h->started++;
  else if (gst_structure_has_name (s, "PfSessionEnded"))
    gst_structure_get_uint64 (s, "id", &h->last_ended);
  return G_SOURCE_CONTINUE;
}

static gint
on_authorize (GstElement *server, const GstStructure *peer, gpointer data)
{
  (void) server;
  return pf_trust_authorize (data, peer);
}

/* As pf-host serve does it. */
static void
on_access (gpointer data, const gchar *fingerprint, guint32 grants,
    gint64 expires, guint code)
{
  gboolean known = FALSE;
  Host *h = data;

  (void) expires;
  h->revoked += code != 0;
  if (g_strcmp0 (fingerprint, h->offered) != 0)
    return;
  if (code)
    g_signal_emit_by_name (h->server, "refuse", h->offer, code, NULL, &known);
  else
    g_signal_emit_by_name (
        h->server, "set-access", h->offer, (guint) grants, 0u, &known);
}

static void
on_pending (gpointer data, const PfPending *pending)
{
  Host *h = data;

  if (h->ask)
    pf_ask_pending (h->ask, pending);
}

static void
start_host (Host *h, gboolean ask, guint approval_s)
{
  static const PfTrustFuncs funcs = { on_pending, on_access };
  PfTrustConfig config = { .ask = ask };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *identity = NULL;

  memset (h, 0, sizeof *h);
  h->dir = g_dir_make_tmp ("pf-trust-XXXXXX", NULL);
  h->name = g_strdup_printf ("trust%u", n_hosts++);
  identity = g_build_filename (h->dir, "host", NULL);
  h->store = g_build_filename (identity, "punktfunk1-paired.json", NULL);
  config.store = h->store;
  h->trust = pf_trust_new (&config, &funcs, h, &error);
  PF_REQUIRE (h->trust);
  h->server = gst_element_factory_make ("pfquicserver", h->name);
  PF_REQUIRE (h->server);
  gst_object_ref_sink (h->server);
  pf_trust_set_server (h->trust, h->server);
  h->bus = gst_bus_new ();
  gst_element_set_bus (h->server, h->bus);
  h->watch = gst_bus_add_watch (h->bus, on_message, h);
  g_object_set (h->server, "address", "127.0.0.1", "port", 0u, "identity-dir",
      identity, "pairing", TRUE, "approval-timeout", approval_s, NULL);
  g_signal_connect (
      h->server, "authorize", G_CALLBACK (on_authorize), h->trust);
  PF_REQUIRE_INT (gst_element_set_state (h->server, GST_STATE_READY), !=,
      GST_STATE_CHANGE_FAILURE);
  g_object_get (h->server, "port", &h->port, NULL);
}

static void
remove_all (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    if (g_file_test (file, G_FILE_TEST_IS_DIR))
      remove_all (file);
    else
      g_unlink (file);
  }
  g_rmdir (path);
}

static void
stop_host (Host *h)
{
  if (h->media) {
    gst_element_set_state (h->media, GST_STATE_NULL);
    gst_object_unref (h->media);
  }
  g_source_remove (h->watch);
  gst_element_set_state (h->server, GST_STATE_NULL);
  gst_element_set_bus (h->server, NULL);
  gst_object_unref (h->bus);
  gst_object_unref (h->server);
  pf_trust_free (h->trust);
  remove_all (h->dir);
  g_free (h->offered);
  g_free (h->store);
  g_free (h->name);
  g_free (h->dir);
}

static gboolean
is_stored (const Host *h)
{
  return g_file_test (h->store, G_FILE_TEST_EXISTS);
}

/* ---- Devices --------------------------------------------------------------- */

static void
look (Device *d)
{
  GstMessage *message;

  while (d->bus && (message = gst_bus_pop (d->bus))) {
    const GstStructure *s = gst_message_get_structure (message);
    guint code = 0;

    if (gst_message_has_name (message, "PfPairResult")) {
      gst_structure_get_boolean (s, "paired", &d->paired);
      gst_structure_get_uint64 (s, "code", &d->code);
      d->over = TRUE;
    } else if (gst_message_has_name (message, "PfSessionGranted")) {
      d->granted = TRUE;
    } else if (gst_message_has_name (message, "PfSessionEnded")) {
      gst_structure_get_uint (s, "code", &code);
      d->code = code;
      d->over = TRUE;
    }
    gst_message_unref (message);
  }
}

/* Runs the host's loop until something is so. */
#define UNTIL(d, condition)                                                    \
  do {                                                                         \
    const gint64 until_ = g_get_monotonic_time () + WAIT_US;                   \
    look (d);                                                                  \
    while (!(condition) && g_get_monotonic_time () < until_) {                 \
      if (!g_main_context_iteration (NULL, FALSE))                             \
        g_usleep (1000);                                                       \
      look (d);                                                                \
    }                                                                          \
    PF_REQUIRE (condition);                                                    \
  } while (0)

static void
pass (gint64 us)
{
  const gint64 until = g_get_monotonic_time () + us;

  while (g_get_monotonic_time () < until)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
}

static void
set_up (Device *d, const Host *h, const gchar *factory, const gchar *who)
{
  g_autofree gchar *identity = g_build_filename (h->dir, who, NULL);

  memset (d, 0, sizeof *d);
  d->element = gst_element_factory_make (factory, NULL);
  PF_REQUIRE (d->element);
  gst_object_ref_sink (d->element);
  g_object_set (d->element, "address", "127.0.0.1", "identity-dir", identity,
      "client-name", who, NULL);
}

static void
start_pair (Device *d, const Host *h, const gchar *who, const gchar *pin)
{
  gboolean begun = FALSE;

  set_up (d, h, "pfquicpair", who);
  d->bus = gst_bus_new ();
  gst_element_set_bus (d->element, d->bus);
  g_object_set (d->element, "port", h->port, NULL);
  gst_element_set_state (d->element, GST_STATE_READY);
  g_signal_emit_by_name (d->element, "pair", pin, &begun);
  PF_REQUIRE (begun);
}

static void
start_knock (Device *d, const Host *h, const gchar *who)
{
  set_up (d, h, "pfquicsrc", who);
  g_object_set (
      d->element, "port", (gint) h->port, "codecs", "h264;h265", NULL);
  d->pipeline = gst_pipeline_new (NULL);
  gst_object_ref_sink (d->pipeline);
  gst_bin_add (GST_BIN (d->pipeline), d->element);
  d->bus = gst_element_get_bus (d->pipeline);
  gst_element_set_state (d->pipeline, GST_STATE_PLAYING);
}

static void
stop_device (Device *d)
{
  GstElement *whole = d->pipeline ? d->pipeline : d->element;

  gst_element_set_state (whole, GST_STATE_NULL);
  if (!d->pipeline)
    gst_element_set_bus (d->element, NULL);
  gst_object_unref (d->bus);
  gst_clear_object (&d->pipeline);
  gst_object_unref (d->element);
}

/* One ceremony from begin to end. */
static gboolean
pair (Host *h, const gchar *who, const gchar *pin, guint64 *code)
{
  gboolean paired;
  Device d;

  start_pair (&d, h, who, pin);
  UNTIL (&d, d.over);
  paired = d.paired;
  if (code)
    *code = d.code;
  stop_device (&d);
  pass (1);
  return paired;
}

static gchar *
fingerprint_of (const Host *h, const gchar *who)
{
  g_autoptr (GPtrArray) list = pf_devices_list (pf_trust_devices (h->trust));

  for (guint i = 0; i < list->len; i++) {
    const PfDevice *d = g_ptr_array_index (list, i);

    if (g_str_equal (d->name, who))
      return g_strdup (d->fingerprint);
  }
  return NULL;
}

/* ---- Ceremonies ------------------------------------------------------------- */

static void
on_outcome (gpointer user, const PfPairOutcome *outcome)
{
  Host *h = user;

  h->outcome = *outcome;
  h->outcomes++;
}

/* S26: once, right or wrong. */
static void
test_single_use (void)
{
  guint64 code = 0;
  Host h;

  start_host (&h, FALSE, 180);
  PF_CHECK (!pair (&h, "deck", "0042", &code));
  PF_CHECK_HEX (code, ==, 0x60);
  PF_REQUIRE (pf_trust_arm (h.trust, "0042", 120, NULL, NULL));
  PF_CHECK (!pair (&h, "deck", "0042", &code)); /* too soon */
  PF_CHECK_HEX (code, ==, 0x62);
  pass (GAP_US);
  PF_CHECK (pair (&h, "deck", "0042", &code));
  PF_CHECK_HEX (code, ==, 0);
  PF_CHECK_UINT (pf_devices_n (pf_trust_devices (h.trust)), ==, 1);
  pass (GAP_US);
  PF_CHECK (!pair (&h, "other", "0042", &code));
  PF_CHECK_HEX (code, ==, 0x60);
  PF_CHECK_UINT (pf_devices_n (pf_trust_devices (h.trust)), ==, 1);
  stop_host (&h);
}

/* S3, S40: a wrong PIN stores nothing and is followed by a fresh one; after
 * four nobody pairs for a minute. */
static void
test_burnt (void)
{
  g_autofree gchar *pin = NULL;
  guint serial, left;
  Host h;

  start_host (&h, FALSE, 180);
  PF_REQUIRE (pf_trust_arm (h.trust, "1234", 120, NULL, NULL));
  for (guint i = 0; i < 4; i++) {
    pin = g_strdup (pf_trust_pin (h.trust, &serial, &left));
    PF_REQUIRE (pin);
    pf_trust_watch (h.trust, serial, on_outcome, &h);
    pin[0] = pin[0] == '9' ? '0' : (gchar) (pin[0] + 1); /* not that one */
    PF_CHECK (!pair (&h, "stranger", pin, NULL));
    g_clear_pointer (&pin, g_free);
    pass (GAP_US);
    PF_CHECK_UINT (h.outcomes, ==, i + 1);
    PF_CHECK (!h.outcome.paired);
  }
  PF_CHECK (!is_stored (&h));
  PF_CHECK (!pf_trust_pin (h.trust, &serial, &left));
  PF_CHECK (!pf_trust_arm (h.trust, "1234", 120, NULL, NULL));
  stop_host (&h);
}

/* The fresh PIN counts. */
static void
test_fresh (void)
{
  g_autofree gchar *pin = NULL;
  guint serial, left;
  Host h;

  start_host (&h, FALSE, 180);
  PF_REQUIRE (pf_trust_arm (h.trust, "1234", 120, NULL, NULL));
  PF_CHECK (!pair (&h, "stranger", "4321", NULL));
  pass (GAP_US);
  pin = g_strdup (pf_trust_pin (h.trust, &serial, &left));
  PF_REQUIRE (pin);
  PF_CHECK (pair (&h, "deck", pin, NULL));
  PF_CHECK_UINT (pf_devices_n (pf_trust_devices (h.trust)), ==, 1);
  stop_host (&h);
}

#define SENTINEL "73519462"

static gint lines, shown; /* atomic */

static void
on_log (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer user)
{
  const gchar *text = gst_debug_message_get (message);

  (void) category;
  (void) level;
  (void) file;
  (void) function;
  (void) line;
  (void) object;
  (void) user;
  g_atomic_int_inc (&lines);
  if (text && strstr (text, SENTINEL))
    g_atomic_int_inc (&shown);
}

/* S48: neither end logs a PIN, whatever is switched on. */
static void
test_logged (void)
{
  gboolean paired;
  Host h;

  g_atomic_int_set (&lines, 0);
  g_atomic_int_set (&shown, 0);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (on_log, NULL, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_MEMDUMP);
  start_host (&h, FALSE, 180);
  PF_REQUIRE (pf_trust_arm (h.trust, SENTINEL, 120, NULL, NULL));
  paired = pair (&h, "deck", SENTINEL, NULL);
  stop_host (&h);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  gst_debug_remove_log_function (on_log);
  PF_CHECK (paired);
  PF_CHECK_INT (g_atomic_int_get (&lines), >, 0);
  PF_CHECK_INT (g_atomic_int_get (&shown), ==, 0);
}

/* A PIN for one device is none for others. */
static void
test_bound (void)
{
  g_autofree gchar *other = g_strnfill (64, 'a');
  guint64 code = 0;
  Host h;

  start_host (&h, FALSE, 180);
  PF_REQUIRE (pf_trust_arm (h.trust, "1234", 120, other, NULL));
  PF_CHECK (!pair (&h, "deck", "1234", &code));
  PF_CHECK_HEX (code, ==, 0x61);
  PF_CHECK (!is_stored (&h));
  stop_host (&h);
}

/* S18: digits belong to one device that waits; the result of the ceremony is
 * the result. */
static void
test_digits (void)
{
  g_autoptr (GError) error = NULL;
  const PfPending *p;
  guint first, second;
  Device a, b;
  Host h;

  start_host (&h, TRUE, 180);
  start_pair (&a, &h, "first", "1111");
  UNTIL (&a, pf_trust_n_pending (h.trust) == 1);
  pass (GAP_US);
  start_pair (&b, &h, "second", "2222");
  UNTIL (&b, pf_trust_n_pending (h.trust) == 2);
  p = pf_trust_next_pending (h.trust, 0);
  first = p->number;
  PF_CHECK_STR (p->name, "first");
  second = pf_trust_next_pending (h.trust, first)->number;
  PF_CHECK (
      !pf_trust_approve (h.trust, first, &error)); /* not without digits */
  /* the digits of the other */
  PF_CHECK (pf_trust_pair (h.trust, second, "1111", on_outcome, &h, NULL));
  UNTIL (&b, b.over);
  UNTIL (&b, h.outcomes == 1);
  PF_CHECK (!b.paired);
  PF_CHECK (!h.outcome.paired);
  PF_CHECK (!is_stored (&h));
  look (&a);
  PF_CHECK (!a.over);
  PF_CHECK (pf_trust_pair (h.trust, first, "1111", on_outcome, &h, NULL));
  UNTIL (&a, a.over);
  UNTIL (&a, h.outcomes == 2);
  PF_CHECK (a.paired);
  PF_CHECK (h.outcome.paired);
  PF_CHECK (!pf_trust_pair (h.trust, first, "1111", on_outcome, &h, NULL));
  stop_device (&a);
  stop_device (&b);
  stop_host (&h);
}

/* ---- Knocks ----------------------------------------------------------------- */

/* The same connection goes on, the device is paired. */
static void
test_approved (void)
{
  const PfPending *p;
  Device d;
  Host h;

  start_host (&h, FALSE, 180);
  h.serve = TRUE;
  start_knock (&d, &h, "evil\n\u202ename");
  UNTIL (&d, pf_trust_n_pending (h.trust) == 1);
  p = pf_trust_next_pending (h.trust, 0);
  PF_CHECK_STR (p->name, "evil name"); /* S31 */
  PF_CHECK_UINT (h.offers, ==, 0);
  PF_CHECK (!is_stored (&h));
  PF_CHECK (pf_trust_approve (h.trust, p->number, NULL));
  UNTIL (&d, d.granted);
  PF_CHECK (!d.over);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 0);
  PF_CHECK_UINT (pf_devices_n (pf_trust_devices (h.trust)), ==, 1);
  stop_device (&d);
  stop_host (&h);
}

static void
test_denied (void)
{
  Device d;
  Host h;

  start_host (&h, FALSE, 180);
  start_knock (&d, &h, "deck");
  UNTIL (&d, pf_trust_n_pending (h.trust) == 1);
  PF_CHECK (pf_trust_deny (
      h.trust, pf_trust_next_pending (h.trust, 0)->number, NULL));
  UNTIL (&d, d.over);
  PF_CHECK_HEX (d.code, ==, 0x64);
  PF_CHECK_UINT (h.offers, ==, 0);
  PF_CHECK (!is_stored (&h));
  stop_device (&d);
  stop_host (&h);
}

static void
test_nobody_answers (void)
{
  Device d;
  Host h;

  start_host (&h, FALSE, 1);
  start_knock (&d, &h, "deck");
  UNTIL (&d, d.over);
  PF_CHECK_HEX (d.code, ==, 0x65);
  UNTIL (&d, pf_trust_n_pending (h.trust) == 0);
  PF_CHECK (!is_stored (&h));
  stop_device (&d);
  stop_host (&h);
}

static void
test_superseded (void)
{
  Device d, again;
  guint number;
  Host h;

  start_host (&h, FALSE, 180);
  start_knock (&d, &h, "deck");
  UNTIL (&d, pf_trust_n_pending (h.trust) == 1);
  number = pf_trust_next_pending (h.trust, 0)->number;
  start_knock (&again, &h, "deck");
  UNTIL (&d, d.over);
  PF_CHECK_HEX (d.code, ==, 0x66);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 1);
  /* what was asked about it still counts for the newer one */
  PF_CHECK (pf_trust_approve (h.trust, number, NULL));
  UNTIL (&again, h.offers == 1);
  stop_device (&d);
  stop_device (&again);
  stop_host (&h);
}

/* A device shows digits and knocks: either answer does. */
static void
test_both (void)
{
  const PfPending *p;
  Device knock, digits;
  Host h;

  start_host (&h, TRUE, 180);
  start_knock (&knock, &h, "deck");
  start_pair (&digits, &h, "deck", "7777");
  UNTIL (&digits,
      (p = pf_trust_next_pending (h.trust, 0)) && p->knock && p->ceremony);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 1);
  PF_CHECK (pf_trust_pair (h.trust, p->number, "7777", on_outcome, &h, NULL));
  UNTIL (&digits, digits.over);
  PF_CHECK (digits.paired);
  UNTIL (&knock, h.offers == 1);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 0);
  stop_device (&knock);
  stop_device (&digits);
  stop_host (&h);
}

static void
type (int fd, const gchar *line)
{
  PF_REQUIRE_INT (write (fd, line, strlen (line)), ==, (gssize) strlen (line));
}

/* Somebody at a terminal: digits, y and n, and what is none of these. */
static void
test_terminal (void)
{
  g_autofree gchar *question = NULL;
  const PfPending *p;
  Device knock, digits;
  int fds[2];
  Host h;

  PF_REQUIRE_INT (pipe (fds), ==, 0);
  start_host (&h, TRUE, 180);
  h.ask = pf_ask_new (h.trust, fds[0]);
  type (fds[1], "y\n"); /* to nothing */
  start_pair (&digits, &h, "deck", "7777");
  UNTIL (&digits, pf_trust_n_pending (h.trust) == 1);
  p = pf_trust_next_pending (h.trust, 0);
  question = pf_ask_question (p);
  PF_CHECK (g_str_has_prefix (question, "deck ("));
  PF_CHECK (g_str_has_suffix (
      question, ") wants to connect: type the 4 digits it shows, or n"));
  type (fds[1], "y\n"); /* it wants digits */
  type (fds[1], "maybe\n77");
  pass (100 * 1000);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 1);
  type (fds[1], "77\n");
  UNTIL (&digits, digits.over);
  PF_CHECK (digits.paired);
  stop_device (&digits);
  start_knock (&knock, &h, "guest");
  UNTIL (&knock, pf_trust_n_pending (h.trust) == 1);
  type (fds[1], "n\n");
  UNTIL (&knock, knock.over);
  PF_CHECK_HEX (knock.code, ==, 0x64);
  stop_device (&knock);
  start_knock (&knock, &h, "friend");
  UNTIL (&knock, pf_trust_n_pending (h.trust) == 1);
  type (fds[1], " Y \n");
  UNTIL (&knock, h.offers == 1);
  PF_CHECK_UINT (pf_devices_n (pf_trust_devices (h.trust)), ==, 2);
  stop_device (&knock);
  pf_ask_free (h.ask);
  h.ask = NULL;
  stop_host (&h);
  close (fds[0]);
  close (fds[1]);
}

/* S38: who knocks in many names pushes out only its own. */
static void
test_many (void)
{
  enum { N = PF_TRUST_PENDING_ADDRESS + 2 };
  Device d[N];
  guint over = 0;
  Host h;

  start_host (&h, FALSE, 180);
  for (guint i = 0; i < N; i++) {
    g_autofree gchar *who = g_strdup_printf ("guest%u", i);

    start_knock (&d[i], &h, who);
    UNTIL (&d[i],
        pf_trust_n_pending (h.trust) == MIN (i + 1, PF_TRUST_PENDING_ADDRESS));
  }
  UNTIL (&d[0], d[0].over);
  UNTIL (&d[1], d[1].over);
  for (guint i = 0; i < N; i++) {
    look (&d[i]);
    over += d[i].over;
  }
  PF_CHECK_UINT (over, ==, 2);
  PF_CHECK_HEX (d[0].code, ==, 0x42);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, PF_TRUST_PENDING_ADDRESS);
  for (guint i = 0; i < N; i++)
    stop_device (&d[i]);
  stop_host (&h);
}

/* ---- Rights of a running session -------------------------------------------- */

/* A paired device whose session runs. */
static void
start_session (Host *h, Device *d, gchar **fingerprint)
{
  start_host (h, FALSE, 180);
  h->serve = TRUE;
  PF_REQUIRE (pf_trust_arm (h->trust, "0042", 120, NULL, NULL));
  PF_REQUIRE (pair (h, "deck", "0042", NULL));
  *fingerprint = fingerprint_of (h, "deck");
  PF_REQUIRE (*fingerprint);
  start_knock (d, h, "deck");
  UNTIL (d, h->started == 1);
  PF_REQUIRE_UINT (h->started, ==, 1);
}

/* S2, S39: at once, and for good. */
static void
test_unpaired (void)
{
  g_autofree gchar *fingerprint = NULL;
  Device d, again;
  Host h;

  start_session (&h, &d, &fingerprint);
  PF_CHECK (!d.over);
  PF_CHECK (pf_trust_remove (h.trust, fingerprint, NULL));
  UNTIL (&d, d.over);
  PF_CHECK_HEX (d.code, ==, 0x64);
  PF_CHECK_UINT (h.revoked, ==, 1);
  start_knock (&again, &h, "deck");
  UNTIL (&again, pf_trust_n_pending (h.trust) == 1);
  PF_CHECK_UINT (h.offers, ==, 1); /* the one from before */
  stop_device (&again);
  stop_device (&d);
  stop_host (&h);
}

static void
press (Device *d)
{
  const PfInput key = {
    .kind = PF_INPUT_KEY, .code = 30, .state = PF_INPUT_DOWN
  };
  const PfInput move = { .kind = PF_INPUT_POINTER_REL, .x = 3, .y = 4 };
  GstPad *pad = gst_element_get_static_pad (d->element, "video_0");

  PF_REQUIRE (pad);
  gst_pad_send_event (pad, pf_event_new_input (&key));
  gst_pad_send_event (pad, pf_event_new_input (&move));
  gst_object_unref (pad);
}

static void
test_rights (void)
{
  g_autofree gchar *fingerprint = NULL;
  Device d;
  Host h;

  start_session (&h, &d, &fingerprint);
  UNTIL (&d, d.granted);
  press (&d);
  UNTIL (&d, g_atomic_int_get (&h.inputs) == 2);
  PF_CHECK (pf_trust_grant (h.trust, fingerprint, PF_MAY_POINTER, 0, NULL));
  pass (300 * 1000);
  press (&d);
  UNTIL (&d, g_atomic_int_get (&h.inputs) == 3);
  PF_CHECK (pf_trust_grant (h.trust, fingerprint, 0, 0, NULL));
  pass (300 * 1000);
  press (&d);
  pass (500 * 1000);
  PF_CHECK_INT (g_atomic_int_get (&h.inputs), ==, 3);
  PF_CHECK (pf_trust_grant (h.trust, fingerprint, PF_MAY_ALL, 1, NULL));
  UNTIL (&d, d.over); /* it expired long ago */
  PF_CHECK_HEX (d.code, ==, 0x69);
  stop_device (&d);
  stop_host (&h);
}

/* A device whose access is over is told so, and pairing again changes nothing
 * (S27). */
static void
test_expired (void)
{
  g_autofree gchar *fingerprint = NULL;
  Device d;
  Host h;

  start_host (&h, FALSE, 180);
  PF_REQUIRE (pf_trust_arm (h.trust, "0042", 120, NULL, NULL));
  PF_REQUIRE (pair (&h, "deck", "0042", NULL));
  fingerprint = fingerprint_of (&h, "deck");
  PF_CHECK (pf_trust_grant (h.trust, fingerprint, PF_MAY_POINTER, 1, NULL));
  pass (GAP_US);
  PF_REQUIRE (pf_trust_arm (h.trust, "0043", 120, NULL, NULL));
  PF_CHECK (pair (&h, "deck", "0043", NULL));
  start_knock (&d, &h, "deck");
  UNTIL (&d, d.over);
  PF_CHECK_HEX (d.code, ==, 0x69);
  PF_CHECK_UINT (h.offers, ==, 0);
  stop_device (&d);
  stop_host (&h);
}

/* S41, C9: another host at the address of one that is known is told nothing. */
static void
test_other_host (void)
{
  g_autofree gchar *other = g_strnfill (64, 'a');
  gboolean begun = FALSE;
  Device d;
  Host h;

  start_host (&h, TRUE, 180);
  set_up (&d, &h, "pfquicpair", "deck");
  d.bus = gst_bus_new ();
  gst_element_set_bus (d.element, d.bus);
  g_object_set (d.element, "port", h.port, "pin", other, NULL);
  gst_element_set_state (d.element, GST_STATE_READY);
  g_signal_emit_by_name (d.element, "pair", "0042", &begun);
  PF_CHECK (begun);
  UNTIL (&d, d.over);
  PF_CHECK (!d.paired);
  PF_CHECK_HEX (d.code, ==, 0x131);
  pass (300 * 1000);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 0);
  stop_device (&d);
  stop_host (&h);
}

static void
note (const gchar *text)
{
  pf_test_note ("%.*s", (int) strcspn (text, "\n"), text);
}

int
main (int argc, char **argv)
{
  g_set_print_handler (note);
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/S26/single-use", test_single_use);
  PF_TEST_ADD ("/S40/burnt", test_burnt);
  PF_TEST_ADD ("/S40/fresh", test_fresh);
  PF_TEST_ADD ("/S48/pin", test_logged);
  PF_TEST_ADD ("/pairing/bound", test_bound);
  PF_TEST_ADD ("/S18/digits", test_digits);
  PF_TEST_ADD ("/knock/approved", test_approved);
  PF_TEST_ADD ("/knock/denied", test_denied);
  PF_TEST_ADD ("/knock/nobody-answers", test_nobody_answers);
  PF_TEST_ADD ("/knock/superseded", test_superseded);
  PF_TEST_ADD ("/knock/both", test_both);
  PF_TEST_ADD ("/ask/terminal", test_terminal);
  PF_TEST_ADD ("/S38/many", test_many);
  PF_TEST_ADD ("/S2/unpaired", test_unpaired);
  PF_TEST_ADD ("/rights/session", test_rights);
  PF_TEST_ADD ("/S27/expired", test_expired);
  PF_TEST_ADD ("/S41/other-host", test_other_host);
  return pf_test_run (argc, argv);
}
