/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-client connect: a receiver, and behind it the chains for what the host
 * grants. Which codec that is, is known when the receiver's pads come; a plan
 * for each codec that can be decoded here is made before.
 */
#include "hosts.h"
#include "options.h"
#include "probes.h"
#include "view.h"
#include "wishes.h"

#include "pf-events.h"
#include "pf-plan.h"
#include "pf-report.h"
#include "pf-session.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

/* As their bits in the Hello, least loved first. */
static const gchar *const codecs[] = { "h264", "h265", "av1" };
static const gchar *const media[] = { "video/x-h264", "video/x-h265",
  "video/x-av1" };
#define N_CODECS G_N_ELEMENTS (codecs)

#define FILLER_MS 250 /* that packets may be on their way */
/* Of a display that is worth asking for; the host has the last word. */
#define LEAST_SIZE 64
#define MOST_WIDTH 7680
#define MOST_HEIGHT 4320

/* A host waits 180 s for somebody to let a device in, and then says so; from
 * then on it has all that a picture needs. */
#define ANSWER_S 200
#define PICTURE_S 10

typedef struct {
  const PfClientOptions *options;
  PfCatalog *catalog;
  PfInventory *inventory;
  GHashTable *use;
  PfPlan *plans[N_CODECS]; /* NULL: cannot be decoded here */
  GMainLoop *loop;
  GstElement *pipeline, *receiver;
  PfMeasure *measure;
  PfWishes *wishes;
  GstStructure *tested; /* a speed test that is to be told */
  guint telling;
  guint64 filler_packets, filler_bytes;  /* of those that were told */
  guint ticks;                           /* seconds with a picture */
  gint64 began_us, granted_us, first_us; /* 0: not yet */
  gboolean failed, over;
  gchar *codec;         /* granted */
  PfView *view;         /* NULL: headless */
  PfMode asked, wished; /* of the display; wished after the window */
  PfCounts shown;       /* when figures were written over the picture */
  gint64 shown_us;
} Client;

/* ---- Plans --------------------------------------------------------------- */

static gboolean
set_use (Client *c, const gchar *role, const gchar *name)
{
  g_hash_table_replace (c->use, g_strdup (role), g_strdup (name));
  return TRUE;
}

static gboolean
take_uses (Client *c, GError **error)
{
  const PfClientOptions *o = c->options;

  c->use = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (o->headless) {
    set_use (c, "present", "present-headless");
    set_use (c, "audio-present", "audio-present-headless");
  }
  for (guint i = 0; o->use && o->use[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (o->use[i], "=", 2);

    if (!pair[0] || !pair[1] || !pf_catalog_find (c->catalog, pair[1])) {
      g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
          "--use %s: ROLE=NAME of a pipeline file", o->use[i]);
      return FALSE;
    }
    set_use (c, pair[0], pair[1]);
  }
  return TRUE;
}

static gboolean
make_plans (Client *c, GError **error)
{
  const PfClientOptions *o = c->options;
  g_autoptr (PfValues) values = pf_values_new ();
  /* The window is tried for one codec and not again for each: a display server
   * may start anew when its last window goes, and refuse the next. */
  g_autoptr (GHashTable) opened =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) last = NULL;
  guint made = 0;

  pf_values_set_uint (values, "width", o->width, NULL);
  pf_values_set_uint (values, "height", o->height, NULL);
  pf_values_set_uint (values, "channels", (guint64) o->channels, NULL);
  for (guint i = 0; i < N_CODECS; i++) {
    PfWish wish = { codecs[i], "punktfunk1", values, c->use, NULL, opened };

    if (o->codec && !g_str_equal (o->codec, codecs[i]))
      continue;
    g_clear_error (&last);
    c->plans[i] = pf_plan_new (
        c->catalog, c->inventory, "client-session", &wish, NULL, &last);
    made += c->plans[i] != NULL;
  }
  if (made == 0)
    g_propagate_error (error, g_steal_pointer (&last));
  return made > 0;
}

static gchar *
offered_codecs (const Client *c)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < N_CODECS; i++)
    if (c->plans[i])
      g_string_append_printf (text, "%s%s", text->len ? ";" : "", codecs[i]);
  return g_string_free (text, FALSE);
}

/* ---- What the host shows -------------------------------------------------- */

static void
quit (gpointer data)
{
  Client *c = data;

  c->over = TRUE;
  g_main_loop_quit (c->loop);
}

static int
fail (Client *c, const gchar *what)
{
  if (!c->failed && !c->over)
    pf_client_fail ("%s", what);
  c->failed = !c->over;
  g_main_loop_quit (c->loop);
  return 1;
}

/* The pads' own answer: what the frames are. */
static gint
granted_codec (GstPad *pad)
{
  GstQuery *query = pf_session_query_new (FALSE);
  PfSessionParams params;
  gint found = -1;

  pf_session_params_init (&params);
  if (gst_pad_query (pad, query) &&
      pf_session_query_read (query, &params) == PF_SESSION_READY) {
    for (guint i = 0; i < N_CODECS && params.media; i++)
      if (gst_structure_has_name (
              gst_caps_get_structure (params.media, 0), media[i]))
        found = (gint) i;
    pf_session_params_clear (&params);
  }
  gst_query_unref (query);
  return found;
}

static const PfChain *
find_chain (const PfPlan *plan, const gchar *pad)
{
  g_autofree gchar *first = g_strconcat ("receiver.", pad, NULL);

  for (guint i = 0; i < plan->chains->len; i++) {
    const PfChain *chain = g_ptr_array_index (plan->chains, i);

    if (g_strcmp0 (chain->first, first) == 0)
      return chain;
  }
  return NULL;
}

static void
add_chain (Client *c, const PfChain *chain, GstPad *pad)
{
  g_autoptr (GError) error = NULL;
  GstElement *bin = pf_chain_build (chain, &error);
  g_autoptr (GstPad) sink = NULL;

  if (!bin) {
    GST_ELEMENT_ERROR (
        c->pipeline, CORE, FAILED, ("%s", error->message), (NULL));
    return;
  }
  if (g_str_equal (chain->name, "video")) {
    pf_probes_add (GST_BIN (bin), c->measure, c->options->headless);
    if (c->view)
      pf_view_watch (c->view, GST_BIN (bin));
  }
  gst_bin_add (GST_BIN (c->pipeline), bin);
  sink = gst_element_get_static_pad (bin, "sink");
  gst_pad_link (pad, sink);
  gst_element_sync_state_with_parent (bin);
}

/* In a thread of the receiver, before anything flows. */
static void
on_pad_added (GstElement *receiver, GstPad *pad, gpointer data)
{
  Client *c = data;
  g_autofree gchar *name = gst_pad_get_name (pad);
  const gboolean video = g_str_has_prefix (name, "video");
  gint codec = video ? granted_codec (pad) : -1;
  const PfChain *chain = NULL;

  (void) receiver;
  if (c->options->no_audio && !video)
    return;
  if (video && (codec < 0 || !c->plans[codec])) {
    GST_ELEMENT_ERROR (c->pipeline, STREAM, WRONG_TYPE,
        ("The host sends a codec that was not asked for"), (NULL));
    return;
  }
  if (video)
    c->codec = g_strdup (codecs[codec]);
  for (gint i = 0; i < (gint) N_CODECS && !chain; i++)
    if (c->plans[i] && (!video || i == codec))
      chain = find_chain (c->plans[i], name);
  if (chain)
    add_chain (c, chain, pad);
}

/* ---- Messages ------------------------------------------------------------- */

static void
say (Client *c, const gchar *type, const GstStructure *s)
{
  g_autoptr (JsonBuilder) b = NULL;
  g_autofree gchar *line = NULL;

  if (!c->options->json)
    return;
  b = json_builder_new ();
  json_builder_begin_object (b);
  pf_report_add_text (b, "type", type);
  json_builder_set_member_name (b, "of");
  pf_report_add_structure (b, s);
  json_builder_end_object (b);
  line = pf_report_line (b);
  g_print ("%s\n", line);
}

static guint64
added (GstElement *element, const gchar *name, guint64 *before)
{
  guint64 now = 0, since;

  g_object_get (element, name, &now, NULL);
  since = now - *before;
  *before = now;
  return since;
}

/* What the host sent, and what of it came. */
static gboolean
say_speed (gpointer data)
{
  Client *c = data;
  const GstStructure *s = c->tested;
  g_autoptr (GstElement) fec =
      gst_bin_get_by_name (GST_BIN (c->pipeline), "fec");
  g_autoptr (GstStructure) told = gst_structure_copy (s);
  guint64 packets, bytes;
  guint sent = 0, ms = 0;

  gst_structure_get_uint (s, "packets", &sent);
  gst_structure_get_uint (s, "ms", &ms);
  packets = fec ? added (fec, "filler-packets", &c->filler_packets) : 0;
  bytes = fec ? added (fec, "filler-bytes", &c->filler_bytes) : 0;
  gst_structure_set (told, "received", G_TYPE_UINT64, packets, "lost-ppm",
      G_TYPE_UINT64,
      sent > packets ? (sent - packets) * G_GUINT64_CONSTANT (1000000) / sent
                     : 0,
      "kbps", G_TYPE_UINT64, ms ? bytes * 8 / ms : 0, NULL);
  say (c, "speed-test", told);
  if (!c->options->json) {
    g_autofree gchar *text = gst_structure_to_string (told);

    g_print ("%s\n", text);
  }
  g_clear_pointer (&c->tested, gst_structure_free);
  c->telling = 0;
  return G_SOURCE_REMOVE;
}

/* The last of the filler may be behind the host's word that it was sent. */
static void
take_speed (Client *c, const GstStructure *s)
{
  if (c->telling)
    return;
  c->tested = gst_structure_copy (s);
  c->telling = g_timeout_add (FILLER_MS, say_speed, c);
}

/* Trusted the first time, known from then on. */
static void
remember_host (Client *c, const gchar *fingerprint)
{
  const PfClientOptions *o = c->options;
  g_autofree gchar *dir = pf_hosts_dir (o->identity_dir);
  g_autoptr (GError) error = NULL;

  if (!o->tofu || !fingerprint)
    return;
  if (!pf_hosts_add (dir, o->address, o->port, fingerprint, &error))
    pf_client_fail ("%s: %s", o->host, error->message);
}

static void
on_element_message (Client *c, const GstStructure *s)
{
  if (gst_structure_has_name (s, "PfSessionGranted")) {
    remember_host (c, gst_structure_get_string (s, "fingerprint"));
    c->granted_us = g_get_monotonic_time ();
  }
  if (gst_structure_has_name (s, "PfSessionMode"))
    say (c, "mode", s);
  if (gst_structure_has_name (s, "PfSessionBitrate"))
    say (c, "bitrate", s);
  if (gst_structure_has_name (s, "PfSpeedTest"))
    take_speed (c, s);
  if (gst_structure_has_name (s, "PfHost"))
    say (c, "host", s);
  if (gst_structure_has_name (s, "PfSessionEnded")) {
    const gchar *reason = gst_structure_get_string (s, "reason");
    g_autofree gchar *text = g_strdup_printf (
        "the session ended: %s", reason && *reason ? reason : "no reason");
    gboolean by_peer = FALSE;
    guint short_code;
    guint64 code = 0;

    say (c, "ended", s);
    if (gst_structure_get_uint (s, "code", &short_code))
      code = short_code;
    gst_structure_get_uint64 (s, "code", &code);
    gst_structure_get_boolean (s, "by-peer", &by_peer);
    if (code != 0 || !by_peer)
      fail (c, text);
    else
      quit (c);
  }
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Client *c = data;
  g_autoptr (GError) error = NULL;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    fail (c, error->message);
    break;
  case GST_MESSAGE_EOS:
    quit (c);
    break;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency (GST_BIN (c->pipeline));
    break;
  case GST_MESSAGE_ELEMENT:
    on_element_message (c, gst_message_get_structure (message));
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

/* In the thread that posts. */
static GstBusSyncReply
on_posted (GstBus *bus, GstMessage *message, gpointer data)
{
  Client *c = data;

  (void) bus;
  return c->view ? pf_view_on_message (c->view, message) : GST_BUS_PASS;
}

/* ---- Reports --------------------------------------------------------------- */

static void
add_element_stats (Client *c, JsonBuilder *b, const gchar *name)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (c->pipeline), name);
  g_autoptr (GstStructure) stats = NULL;

  if (!element ||
      !g_object_class_find_property (G_OBJECT_GET_CLASS (element), "stats"))
    return;
  g_object_get (element, "stats", &stats, NULL);
  if (!stats)
    return;
  json_builder_set_member_name (b, name);
  pf_report_add_structure (b, stats);
}

static void
report (Client *c, gboolean whole)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  g_autofree gchar *line = NULL;

  json_builder_begin_object (b);
  pf_report_add_text (b, "type", whole ? "summary" : "second");
  pf_report_add_text (b, "codec", c->codec);
  if (c->first_us)
    pf_report_add_uint (
        b, "first-frame-ms", (guint64) (c->first_us - c->began_us) / 1000);
  pf_measure_report (c->measure, b, whole);
  add_element_stats (c, b, "fec");
  add_element_stats (c, b, "receiver");
  json_builder_end_object (b);
  line = pf_report_line (b);
  g_print ("%s\n", line);
}

/* For people. */
static void
print_summary (Client *c)
{
  PfCounts n;

  pf_measure_counts (c->measure, &n);
  g_print ("%" G_GUINT64_FORMAT " frames, %" G_GUINT64_FORMAT " shown",
      n.frames, n.presented);
  if (n.verified)
    g_print (", %" G_GUINT64_FORMAT " verified, %" G_GUINT64_FORMAT " missing",
        n.verified, n.missing);
  g_print ("\n");
}

static guint64
stat_of (Client *c, const gchar *name, const gchar *field)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (c->pipeline), name);
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  if (element)
    g_object_get (element, "stats", &stats, NULL);
  if (stats)
    gst_structure_get_uint64 (stats, field, &value);
  return value;
}

/* For people, over the picture. */
static gchar *
describe (gpointer data)
{
  Client *c = data;
  const gint64 now = g_get_monotonic_time ();
  const gdouble seconds = (gdouble) (now - c->shown_us) / G_USEC_PER_SEC;
  const PfCounts old = c->shown;
  gchar *text;

  pf_measure_counts (c->measure, &c->shown);
  c->shown_us = now;
  text = g_strdup_printf ("%s  %s\n"
                          "%.0f of %.0f frames/s shown, %.1f Mbit/s\n"
                          "lost %" G_GUINT64_FORMAT
                          " frames, mended %" G_GUINT64_FORMAT " packets\n"
                          "since capture: decoded %.1f ms, shown %.1f ms",
      c->options->host, c->codec ? c->codec : "-",
      (gdouble) (c->shown.presented - old.presented) / seconds,
      (gdouble) (c->shown.frames - old.frames) / seconds,
      (gdouble) (c->shown.bytes - old.bytes) * 8e-6 / seconds,
      stat_of (c, "fec", "frames-lost"), stat_of (c, "fec", "restored"),
      pf_measure_recent_us (c->measure, PF_STAGE_DECODED) / 1e3,
      pf_measure_recent_us (c->measure, PF_STAGE_PRESENTED) / 1e3);
  return text;
}

/* Host's clock against ours: the receiver measures it again and again. */
static void
follow_clock (Client *c)
{
  g_autoptr (GstStructure) stats = NULL;
  gint64 offset;

  g_object_get (c->receiver, "stats", &stats, NULL);
  if (stats && gst_structure_get_int64 (stats, "clock-offset", &offset))
    pf_measure_set_offset (c->measure, offset);
}

/* ---- The window's size ------------------------------------------------------ */

/* Codecs want even numbers. */
static guint
display_size (guint pixels, guint most)
{
  return CLAMP (pixels, LEAST_SIZE, most) & ~1u;
}

static void
on_resized (guint width, guint height, gpointer data)
{
  Client *c = data;

  c->wished.width = display_size (width, MOST_WIDTH);
  c->wished.height = display_size (height, MOST_HEIGHT);
}

/* Once there is a picture; a mode that is refused is not asked for again. */
static void
follow_window (Client *c)
{
  g_autoptr (GstPad) pad = NULL;

  if (c->wished.width == 0 || (c->wished.width == c->asked.width &&
                                  c->wished.height == c->asked.height))
    return;
  pad = gst_element_get_static_pad (c->receiver, "video_0");
  if (!pad)
    return;
  c->asked.width = c->wished.width;
  c->asked.height = c->wished.height;
  gst_pad_send_event (pad, pf_event_new_mode (&c->asked));
}

static gboolean
is_enough (Client *c)
{
  const PfClientOptions *o = c->options;
  PfCounts n;

  pf_measure_counts (c->measure, &n);
  c->first_us = pf_measure_first_us (c->measure);
  return (o->frames && n.presented >= o->frames) ||
         (o->seconds && c->first_us &&
             g_get_monotonic_time () - c->first_us >=
                 (gint64) o->seconds * G_USEC_PER_SEC);
}

/* What there is instead of a first picture. */
static gchar *
describe_blank (Client *c)
{
  const guint64 packets = stat_of (c, "receiver", "packets");
  PfCounts n;

  pf_measure_counts (c->measure, &n);
  if (!c->granted_us)
    return g_strdup_printf ("the host did not answer for %d s", ANSWER_S);
  if (n.frames)
    return g_strdup_printf ("no picture for %d s: %" G_GUINT64_FORMAT
                            " frames came, and none could be decoded",
        PICTURE_S, n.frames);
  if (packets)
    return g_strdup_printf ("no picture for %d s: %" G_GUINT64_FORMAT
                            " packets came, and no whole frame",
        PICTURE_S, packets);
  return g_strdup_printf (
      "no picture for %d s: the host sends none, or a firewall keeps its UDP "
      "ports for media from here (pf-host serve names them)",
      PICTURE_S);
}

static gboolean
is_in_vain (const Client *c)
{
  const gint64 since = c->granted_us ? c->granted_us : c->began_us;
  const gint64 patience_s = c->granted_us ? PICTURE_S : ANSWER_S;

  return !c->first_us &&
         g_get_monotonic_time () - since >= patience_s * G_USEC_PER_SEC;
}

/* Ten times a second. */
static gboolean
on_tick (gpointer data)
{
  Client *c = data;

  if (is_enough (c)) {
    quit (c);
    return G_SOURCE_CONTINUE;
  }
  if (is_in_vain (c)) {
    g_autofree gchar *why = describe_blank (c);

    fail (c, why);
    return G_SOURCE_CONTINUE;
  }
  if (c->first_us)
    follow_window (c);
  if (c->first_us)
    pf_wishes_send (c->wishes, c->receiver,
        (guint64) (g_get_monotonic_time () - c->first_us) / 1000);
  if (++c->ticks % 10 == 0) {
    follow_clock (c);
    if (c->view)
      pf_view_tick (c->view);
    if (c->options->json)
      report (c, FALSE);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer data)
{
  quit (data);
  return G_SOURCE_CONTINUE;
}

/* ---- Begin and end --------------------------------------------------------- */

static gboolean
make_pipeline (Client *c, GError **error)
{
  const PfClientOptions *o = c->options;
  g_autofree gchar *offered = offered_codecs (c);
  g_autofree gchar *identity = pf_hosts_dir (o->identity_dir);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  g_autoptr (GstBus) bus = NULL;

  c->pipeline = gst_pipeline_new ("client");
  gst_object_ref_sink (c->pipeline);
  gst_pipeline_use_clock (GST_PIPELINE (c->pipeline), clock);
  c->receiver = gst_element_factory_make ("pfquicsrc", "receiver");
  if (!c->receiver) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "the element pfquicsrc is not here: was gst-punktfunk built with "
        "ngtcp2, and is GST_PLUGIN_PATH set?");
    return FALSE;
  }
  g_object_set (c->receiver, "address", o->address, "port", o->port, "pin",
      o->pin, "width", o->width, "height", o->height, "fps", o->fps,
      "bitrate-kbps", o->bitrate_kbps, "channels", (guint) o->channels,
      "codecs", offered, "client-name", o->name ? o->name : g_get_host_name (),
      "identity-dir", identity, NULL);
  g_signal_connect (c->receiver, "pad-added", G_CALLBACK (on_pad_added), c);
  gst_bin_add (GST_BIN (c->pipeline), c->receiver);
  bus = gst_element_get_bus (c->pipeline);
  gst_bus_set_sync_handler (bus, on_posted, c, NULL);
  gst_bus_add_watch (bus, on_message, c);
  return TRUE;
}

/* All else that a session needs is here. */
static gboolean
lacks_window_only (Client *c)
{
  if (c->options->headless)
    return FALSE;
  set_use (c, "present", "present-headless");
  return make_plans (c, NULL);
}

static int
fail_to_plan (Client *c, const gchar *why)
{
  const gchar *wayland = g_getenv ("WAYLAND_DISPLAY");
  const gchar *display = wayland ? wayland : g_getenv ("DISPLAY");

  if (lacks_window_only (c))
    return pf_client_fail ("no window can be opened on the display %s; without "
                           "a window: --headless (%s)",
        display ? display : "(none)", why);
  return pf_client_fail ("%s", why);
}

static void
make_view (Client *c)
{
  const PfClientOptions *o = c->options;
  const PfViewOptions options = { .title = o->host,
    .width = o->width,
    .height = o->height,
    .fullscreen = o->fullscreen,
    .relative = o->relative,
    .quit = quit,
    .resized = o->resize ? on_resized : NULL,
    .describe = describe,
    .data = c };

  if (!o->headless)
    c->view = pf_view_new (&options);
}

static int
run (Client *c)
{
  const PfClientOptions *o = c->options;
  g_autoptr (GError) error = NULL;

  if (!o->headless && !o->use && !g_getenv ("WAYLAND_DISPLAY") &&
      !g_getenv ("DISPLAY"))
    return pf_client_fail (
        "there is no display here: neither WAYLAND_DISPLAY nor DISPLAY is set; "
        "start it in a desktop session, or without a window: --headless");
  make_view (c);
  c->asked = (PfMode){ 0, o->width, o->height, o->fps };
  c->wishes = pf_wishes_new (o->remode, o->rebitrate, o->speed_test, &error);
  if (!c->wishes || !take_uses (c, &error))
    return pf_client_fail ("%s", error->message);
  if (!make_plans (c, &error))
    return fail_to_plan (c, error->message);
  if (!make_pipeline (c, &error))
    return pf_client_fail ("%s", error->message);
  g_unix_signal_add (SIGINT, on_signal, c);
  g_unix_signal_add (SIGTERM, on_signal, c);
  g_timeout_add (100, on_tick, c);
  c->began_us = g_get_monotonic_time ();
  if (gst_element_set_state (c->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE)
    c->over = FALSE; /* the message says why */
  g_main_loop_run (c->loop);
  follow_clock (c);
  if (o->json)
    report (c, TRUE);
  else
    print_summary (c);
  return c->failed ? 1 : 0;
}

static void
clear (Client *c)
{
  if (c->pipeline) {
    g_autoptr (GstBus) bus = gst_element_get_bus (c->pipeline);

    gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
    gst_bus_remove_watch (bus);
    gst_element_set_state (c->pipeline, GST_STATE_NULL);
    gst_object_unref (c->pipeline);
  }
  pf_view_free (c->view);
  for (guint i = 0; i < N_CODECS; i++)
    pf_plan_free (c->plans[i]);
  pf_measure_free (c->measure);
  pf_wishes_free (c->wishes);
  g_clear_handle_id (&c->telling, g_source_remove);
  g_clear_pointer (&c->tested, gst_structure_free);
  pf_catalog_free (c->catalog);
  pf_inventory_free (c->inventory);
  g_clear_pointer (&c->use, g_hash_table_unref);
  g_main_loop_unref (c->loop);
  g_free (c->codec);
}

int
pf_client_connect (const PfClientOptions *options)
{
  g_auto (GStrv) dirs = pf_catalog_dirs (options->pipelines);
  g_autoptr (GError) error = NULL;
  Client c = { .options = options };
  int status;

  c.loop = g_main_loop_new (NULL, FALSE);
  c.measure = pf_measure_new ();
  c.inventory = pf_inventory_new_system ();
  c.catalog = pf_catalog_load (dirs, &error);
  status = c.catalog ? run (&c) : pf_client_fail ("%s", error->message);
  clear (&c);
  return status;
}
