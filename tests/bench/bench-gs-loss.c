/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What GameStream's parity brings back of packets that are lost one by one: a
 * host and a client in one process, the client loses packets by chance. Lost
 * frames beside what the numbers of data and parity packets say, what parity
 * costs, and how long the picture stands still when it was not enough.
 */
#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gs-stage.h"
#include "gs-viewer.h"
#include "pf-test.h"

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define MAX_FREEZES 4096

static gint width = 640, height = 360, fps = 60, kbps = 4000, seconds = 20;
static gint runs = 3, percent = 20;
static gboolean adaptive;
static gchar *losses;

static const GOptionEntry options[] = {
  { "width", 0, 0, G_OPTION_ARG_INT, &width, "Pixels (640)", "N" },
  { "height", 0, 0, G_OPTION_ARG_INT, &height, "Pixels (360)", "N" },
  { "fps", 0, 0, G_OPTION_ARG_INT, &fps, "Frames a second (60)", "N" },
  { "kbps", 0, 0, G_OPTION_ARG_INT, &kbps, "Of the encoder (4000)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "Of each run (20)", "N" },
  { "runs", 0, 0, G_OPTION_ARG_INT, &runs, "For each loss (3)", "N" },
  { "percent", 0, 0, G_OPTION_ARG_INT, &percent, "Parity (20)", "N" },
  { "adaptive", 0, 0, G_OPTION_ARG_NONE, &adaptive, "Parity follows the loss",
      NULL },
  { "losses", 0, 0, G_OPTION_ARG_STRING, &losses, "In percent (1,5,10)",
      "LIST" },
  { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

/* What the client shows: nothing between a lost frame and the next key frame. */
typedef struct {
  GsViewer *viewer;
  gboolean broken;
  gint64 shown_at;
  gdouble freezes[MAX_FREEZES]; /* ms */
  guint n_freezes;
} Show;

static void
on_video (GsClient *client, const PfEvent *e, void *user)
{
  const gint64 now = g_get_monotonic_time ();
  Show *s = user;

  (void) client;
  if (e->type == PF_EVENT_LOST)
    s->broken = TRUE;
  if (e->type != PF_EVENT_FRAME || (s->broken && !(e->flags & PF_WIRE_KEY)))
    return;
  if (s->broken && s->shown_at && s->n_freezes < MAX_FREEZES)
    s->freezes[s->n_freezes++] = (gdouble) (now - s->shown_at) / 1000;
  s->broken = FALSE;
  s->shown_at = now;
  gs_viewer_video (s->viewer, e->unit, e->unit_size);
}

static int
compare (const void *a, const void *b)
{
  const gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

static GstElement *
serve (guint64 id)
{
  g_autofree gchar *text = g_strdup_printf (
      "pfvdisplaysrc backend=test ! "
      "video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1 ! x264enc "
      "tune=zerolatency speed-preset=ultrafast threads=1 bitrate=%d "
      "key-int-max=100000 pass=cbr vbv-buf-capacity=17 "
      "option-string=nal-hrd=cbr:filler=1 ! "
      "video/x-h264,profile=constrained-baseline ! "
      "h264parse ! pffecenc ! pfaesgcm ! gamestreamrtsp name=sender server=gs "
      "session=%" G_GUINT64_FORMAT " percentage=%d adaptive=%d",
      width, height, fps, kbps, id, percent, adaptive);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);

  if (error)
    g_error ("%s", error->message);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

static gpointer
shake (gpointer client)
{
  return GUINT_TO_POINTER (gs_client_shake (client, PF_GS_STEP_DONE));
}

static void
print (gdouble loss, guint seed, const GsClientStats *s, Show *show,
    const GsViewed *viewed)
{
  const gdouble band = 1.96 * sqrt (s->variance);
  const gdouble overhead =
      100. * (gdouble) s->parity_packets / (gdouble) MAX (s->data_packets, 1);
  const guint n = show->n_freezes;

  qsort (show->freezes, n, sizeof *show->freezes, compare);
  g_print ("%5.1f %4u %6" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT
           " %6" G_GUINT64_FORMAT " %6.1f %5.1f..%-5.1f %8" G_GUINT64_FORMAT
           " %6.1f%% %6.1f %6.1f %4u %5u\n",
      loss, seed, s->frames + s->frames_lost, s->frames_lost, s->beyond,
      s->expected_lost, MAX (s->expected_lost - band, 0),
      s->expected_lost + band, s->frames_restored, overhead,
      n ? show->freezes[n / 2] : 0, n ? show->freezes[n - 1] : 0, n,
      viewed->wrong);
}

static void
run (GsStage *stage, gdouble loss, guint seed)
{
  Show show = { .viewer = gs_viewer_new (H264, NULL, TRUE) };
  GsClientConfig config;
  GstStructure *offer;
  GstElement *pipeline;
  GsClientStats stats;
  GsViewed viewed;
  GThread *thread;
  GsClient *c;
  guint64 id;

  id = gs_stage_launch (stage, "127.0.0.1", NULL, &config);
  config.announce.width = (guint) width;
  config.announce.height = (guint) height;
  config.announce.fps = (guint) fps;
  config.announce.max_kbps = (guint) kbps * 5 / 4;
  config.deadline_ms = 1500 / (guint) fps;
  config.drop_ppm = (unsigned) (loss * 10000);
  config.drop_seed = seed;
  config.video = on_video;
  config.user = &show;
  c = gs_client_new (&config);
  thread = g_thread_new ("shake", shake, c);
  offer = gs_stage_wait (stage, "PfSessionOffer", id, GS_WAIT_MS);
  if (!offer || !gs_stage_accept (stage, id) ||
      GPOINTER_TO_UINT (g_thread_join (thread)) != 200)
    g_error ("no session");
  gst_structure_free (offer);
  pipeline = serve (id);
  gs_client_start (c, GS_ALL);
  gs_client_wait_frames (c, (guint64) (seconds * fps), (guint) seconds * 2000);
  gs_client_stats (c, &stats);
  gs_client_free (c);
  gs_viewer_get (show.viewer, &viewed);
  print (loss, seed, &stats, &show, &viewed);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  gs_viewer_free (show.viewer);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("");
  g_auto (GStrv) list = NULL;
  g_autoptr (GError) error = NULL;
  GsStage stage;

  g_option_context_set_summary (context,
      "Loses packets of a GameStream session by chance and says what came of "
      "it.");
  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  list = g_strsplit (losses ? losses : "1,5,10", ",", -1);
  gs_stage_start (&stage, "127.0.0.1", NULL);
  g_print ("%dx%d at %d, %d kbit/s, %d s, parity %d %%%s\n", width, height, fps,
      kbps, seconds, percent, adaptive ? ", adaptive" : "");
  g_print (" loss seed frames   lost beyond expect 95 %% band    restored  "
           "parity freeze ms: p50, max, n  wrong\n");
  for (guint i = 0; list[i]; i++)
    for (gint k = 1; k <= runs; k++)
      run (&stage, g_ascii_strtod (list[i], NULL), (guint) k);
  gs_stage_stop (&stage);
  return 0;
}
