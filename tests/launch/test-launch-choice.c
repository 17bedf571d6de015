/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which fragment is chosen, what the losers are told, and that the joined text
 * is parsed wholly or not at all.
 */
#include "pf-plan.h"
#include "pf-test.h"

#include <glib/gstdio.h>
#include <string.h>

/* A directory tree of the test. */
static gchar *root;

static void
put (const gchar *path, const gchar *text)
{
  g_autofree gchar *full = g_build_filename (root, path, NULL);
  g_autofree gchar *dir = g_path_get_dirname (full);

  g_mkdir_with_parents (dir, 0700);
  if (!g_file_set_contents (full, text, -1, NULL))
    g_error ("cannot write %s", full);
}

static void
put_fragment (
    const gchar *path, const gchar *role, guint rank, const gchar *rest)
{
  g_autofree gchar *text = g_strdup_printf (
      "[pipeline]\nformat = 1\nrole = %s\nrank = %u\nsummary = %s\n%s\n", role,
      rank, path, rest);

  put (path, text);
}

static void
remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *child = g_build_filename (path, name, NULL);

    remove_tree (child);
  }
  g_remove (path);
}

static void
start (void)
{
  root = g_dir_make_tmp ("pf-launch-XXXXXX", NULL);
}

static void
stop (void)
{
  remove_tree (root);
  g_clear_pointer (&root, g_free);
}

static PfCatalog *
load (GError **error)
{
  gchar *dirs[] = { g_build_filename (root, "user", NULL),
    g_build_filename (root, "data", NULL), NULL };
  PfCatalog *catalog = pf_catalog_load (dirs, error);

  g_free (dirs[0]);
  g_free (dirs[1]);
  return catalog;
}

static PfInventory *
machine (const gchar *text)
{
  g_autofree gchar *path = g_build_filename (root, "machine", NULL);
  g_autofree gchar *whole = g_strconcat ("[inventory]\n", text, NULL);

  put ("machine", whole);
  return pf_inventory_load (path, NULL);
}

static const gchar *
reason_of (const PfChoice *choice, const gchar *name)
{
  for (guint i = 0; i < choice->candidates->len; i++) {
    const PfCandidate *c = g_ptr_array_index (choice->candidates, i);

    if (g_str_equal (c->fragment->name, name))
      return c->reason;
  }
  return "no candidate";
}

static void
test_reasons (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GHashTable) refused = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (PfChoice) choice = NULL;
  PfWish wish = { .codec = "h264", .values = values, .refused = refused };
  g_autoptr (GString) out = g_string_new (NULL);

  start ();
#define LAUNCH "[launch]\na = x\n"
  put_fragment ("data/codec.pipeline", "encode", 900,
      "[requires]\ncodec = h265\n" LAUNCH);
  put_fragment ("data/element.pipeline", "encode", 800,
      "[requires]\ncodec=h264\nelements = here;gone;lost\n" LAUNCH);
  put_fragment (
      "data/gpu.pipeline", "encode", 700, "[requires]\ngpu=amd;intel\n" LAUNCH);
  put_fragment ("data/screen.pipeline", "encode", 690,
      "[requires]\ncompositor=kwin\n" LAUNCH);
  put_fragment ("data/newer.pipeline", "encode", 680,
      "[requires]\ngstreamer=1.26\n" LAUNCH);
  put_fragment ("data/older.pipeline", "encode", 670,
      "[requires]\ngstreamer=1.20..1.20\n" LAUNCH);
  put_fragment ("data/small.pipeline", "encode", 660,
      "[variables]\nwidth = uint 64..1000\ndepth = choice 8|10\n" LAUNCH);
  put_fragment ("data/shallow.pipeline", "encode", 650, LAUNCH);
  put_fragment ("data/told.pipeline", "encode", 640,
      "[variables]\ndepth = choice 8|10\n" LAUNCH);
#define DEEP "[variables]\ndepth = choice 8|10\n" LAUNCH
  put_fragment ("data/winner.pipeline", "encode", 500,
      "[requires]\ncodec=h264;h265\nelements=here\n" DEEP);
  put_fragment ("data/x-same-rank.pipeline", "encode", 500, DEEP);
  put_fragment ("data/z-lower.pipeline", "encode", 400, DEEP);
  put_fragment ("data/other.pipeline", "decode", 999, LAUNCH);

  catalog = load (NULL);
  inventory = machine ("elements = here;x\ngpu = nvidia\ngstreamer = 1.22\n");
  PF_REQUIRE (catalog && inventory);
  pf_values_set_uint (values, "width", 1280, NULL);
  pf_values_set_uint (values, "depth", 10, NULL);
  g_hash_table_insert (
      refused, (gpointer) "told", (gpointer) "makes 14 of 24 frames a second");
  choice = pf_catalog_choose (catalog, inventory, "encode", &wish);
  PF_REQUIRE (choice->chosen);
  PF_CHECK_STR (choice->chosen->name, "winner");
  PF_CHECK_UINT (choice->candidates->len, ==, 12);
  PF_CHECK_STR (reason_of (choice, "winner"), NULL);
  PF_CHECK_STR (reason_of (choice, "codec"), "is for h265, not h264");
  PF_CHECK_STR (
      reason_of (choice, "element"), "element gone, lost is not here");
  PF_CHECK_STR (
      reason_of (choice, "gpu"), "needs a GPU of amd or intel; here is nvidia");
  PF_CHECK_STR (
      reason_of (choice, "screen"), "needs the compositor kwin; here is none");
  PF_CHECK_STR (
      reason_of (choice, "newer"), "needs GStreamer 1.26; here is 1.22");
  PF_CHECK_STR (
      reason_of (choice, "older"), "is for GStreamer up to 1.20; here is 1.22");
  PF_CHECK_STR (reason_of (choice, "small"), "width 1280 is outside 64..1000");
  PF_CHECK_STR (
      reason_of (choice, "shallow"), "does not know depth, so not depth = 10");
  PF_CHECK_STR (reason_of (choice, "told"), "makes 14 of 24 frames a second");
  PF_CHECK_STR (reason_of (choice, "x-same-rank"),
      "winner has the same rank and comes first");
  PF_CHECK_STR (reason_of (choice, "z-lower"), "winner has a higher rank");
  pf_choice_print (choice, out);
  PF_CHECK (strstr (out->str, "\n  * winner "));
  PF_CHECK (strstr (out->str, "\n  - element "));
  PF_CHECK (strstr (out->str, "\n  - and 1 for other codecs"));
  stop ();
}

static void
test_by_name (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GHashTable) use = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (PfChoice) choice = NULL;
  PfWish wish = { .values = values, .use = use };

  start ();
  put_fragment ("data/a.pipeline", "encode", 900, LAUNCH);
  put_fragment ("data/b.pipeline", "encode", 1, LAUNCH);
  catalog = load (NULL);
  inventory = machine ("elements = x\n");
  g_hash_table_insert (use, (gpointer) "encode", (gpointer) "b");
  choice = pf_catalog_choose (catalog, inventory, "encode", &wish);
  PF_REQUIRE (choice->chosen);
  PF_CHECK_STR (choice->chosen->name, "b");
  PF_CHECK_STR (reason_of (choice, "a"), "b is asked for by name");
  stop ();
}

static void
test_search_path (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (GError) error = NULL;
  const PfFragment *f;

  start ();
  put_fragment ("data/same.pipeline", "encode", 1, LAUNCH);
  put_fragment ("user/same.pipeline", "encode", 2, LAUNCH);
  put_fragment ("data/kept.pipeline", "encode", 3, LAUNCH);
  put ("data/kept.pipeline.d/10.conf", "[pipeline]\nrank = 4\nsummary = d\n");
  put ("user/kept.pipeline.d/05.conf", "[pipeline]\nrank = 5\n");
  put ("data/README", "no fragment");
  put ("data/.hidden.pipeline", "no fragment");
  catalog = load (&error);
  PF_REQUIRE (catalog);
  PF_CHECK_UINT (catalog->fragments->len, ==, 2);
  f = pf_catalog_find (catalog, "same");
  PF_REQUIRE (f);
  PF_CHECK_UINT (f->rank, ==, 2);
  f = pf_catalog_find (catalog, "kept");
  PF_REQUIRE (f);
  PF_CHECK_UINT (f->rank, ==, 5);
  PF_CHECK_STR (f->summary, "d");

  /* One bad file, and there is no catalog. */
  put ("user/broken.pipeline", "[pipeline]\nformat = 1\nrole = ship\n");
  PF_CHECK (!load (&error));
  PF_REQUIRE (error);
  PF_CHECK (strstr (error->message,
      "user/broken.pipeline:3: [pipeline] role: unknown role ship"));
  stop ();
}

static void
test_no_files (void)
{
  g_autoptr (GError) error = NULL;

  start ();
  PF_CHECK (!load (&error));
  PF_CHECK (error && strstr (error->message, "there is no .pipeline file"));
  stop ();
}

static void
test_bad_machine (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;

  start ();
  path = g_build_filename (root, "machine", NULL);
  put ("machine", "[inventory]\ngpus = nvidia\n");
  PF_CHECK (!pf_inventory_load (path, &error));
  PF_CHECK (error && strstr (error->message, ":2: [inventory] gpus: unknown"));
  stop ();
}

/* ---- Joined -------------------------------------------------------------- */

#define SESSION(text) "[session]\n" text "\n"

static void
put_session (void)
{
  put_fragment ("data/s.pipeline", "host-session", 1,
      SESSION ("video = capture;encode;sender.\naudio = "
               "audio-capture;sender.\nend = send\noptional = audio"));
  put_fragment ("data/c.pipeline", "capture", 1,
      "[requires]\nelements = fakesrc\n[latency]\nbudget-ms = 3\n[launch]\n"
      "a = fakesrc name=source num-buffers=3 ! capsfilter caps=video/x-raw\n");
  put_fragment ("data/e.pipeline", "encode", 1,
      "[variables]\nwidth = uint 16..4096\n[latency]\nbudget-ms = 4\n[launch]\n"
      "a = queue name=encoder max-size-bytes=${width}\n");
  put_fragment ("data/n.pipeline", "send", 1,
      "[launch]\na = funnel name=sender ! fakesink name=sink async=false\n");
}

static void
test_plan (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PfPlan) plan = NULL;
  g_autoptr (GstElement) pipeline = NULL, sender = NULL;
  g_autofree gchar *text = NULL;
  PfWish wish = { .values = values };

  start ();
  put_session ();
  catalog = load (&error);
  inventory = pf_inventory_new_system ();
  PF_REQUIRE (catalog);
  pf_values_set_uint (values, "width", 1000, NULL);
  plan = pf_plan_new (catalog, inventory, "host-session", &wish, NULL, &error);
  PF_REQUIRE (plan);
  PF_CHECK_STR (plan->line,
      "fakesrc name=source num-buffers=3 ! capsfilter caps=video/x-raw ! queue "
      "name=encoder max-size-bytes=1000 ! sender.   funnel name=sender ! "
      "fakesink name=sink async=false");
  PF_CHECK_UINT (plan->budget_ms, ==, 7);
  text = pf_plan_explain (plan);
  PF_CHECK (strstr (text, "audio is left out: nothing here can audio-capture"));
  PF_CHECK (strstr (text, "latency budget: 7 ms"));
  pipeline = pf_plan_build (plan, &error);
  PF_REQUIRE (pipeline);
  sender = gst_bin_get_by_name (GST_BIN (pipeline), "sender");
  PF_CHECK (sender);
  stop ();
}

static void
test_plan_missing (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PfPlan) failed = NULL;
  PfWish wish = { .values = values, .codec = "h264" };

  start ();
  put_session ();
  put_fragment ("data/e.pipeline", "encode", 1,
      "[requires]\nelements = nothing-like-it\n[launch]\na = queue\n");
  catalog = load (NULL);
  inventory = pf_inventory_new_system ();
  PF_CHECK (!pf_plan_new (
      catalog, inventory, "host-session", &wish, &failed, &error));
  PF_REQUIRE (error);
  PF_CHECK_STR (error->message,
      "nothing here can encode h264 (e: element nothing-like-it is not here)");
  PF_REQUIRE (failed);
  PF_CHECK_UINT (failed->choices->len, ==, 2);
  stop ();
}

/* A line that GStreamer only half understands gives nothing. */
static void
test_plan_half (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PfPlan) plan = NULL;
  PfWish wish = { .values = values };

  start ();
  put_session ();
  put_fragment ("data/e.pipeline", "encode", 1,
      "[launch]\na = queue no-such-property=1\n");
  catalog = load (NULL);
  inventory = pf_inventory_new_system ();
  plan = pf_plan_new (catalog, inventory, "host-session", &wish, NULL, &error);
  PF_REQUIRE (plan);
  PF_CHECK (!pf_plan_build (plan, &error));
  PF_REQUIRE (error);
  PF_CHECK (g_error_matches (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE));
  PF_CHECK (strstr (error->message, "no-such-property"));
  stop ();
}

/* ---- An element that cannot be opened ------------------------------------- */

typedef struct {
  GstElement parent;
} PfTestClosed;
typedef struct {
  GstElementClass parent_class;
} PfTestClosedClass;

GType pf_test_closed_get_type (void);
G_DEFINE_TYPE (PfTestClosed, pf_test_closed, GST_TYPE_ELEMENT)

static gint openings; /* until it is closed */

static GstStateChangeReturn
closed_change_state (GstElement *element, GstStateChange change)
{
  return change == GST_STATE_CHANGE_NULL_TO_READY && openings-- <= 0
             ? GST_STATE_CHANGE_FAILURE
             : GST_ELEMENT_CLASS (pf_test_closed_parent_class)
                   ->change_state (element, change);
}

static void
pf_test_closed_class_init (PfTestClosedClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  element_class->change_state = closed_change_state;
  gst_element_class_set_static_metadata (
      element_class, "Closed", "Source", "A device that is taken", "The tests");
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_CAPS_ANY));
}

static void
pf_test_closed_init (PfTestClosed *closed)
{
  gst_element_add_pad (GST_ELEMENT (closed), gst_pad_new ("src", GST_PAD_SRC));
}

/* An element that exists and cannot be opened loses, and the next wins. */
static void
test_probe (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (PfChoice) choice = NULL;
  PfWish wish = { .values = values };

  openings = 0;
  start ();
  put_fragment ("data/a.pipeline", "capture", 900,
      "[requires]\nelements = pftestclosed\nprobe = source\n[launch]\n"
      "a = pftestclosed name=source ! queue\n");
  put_fragment ("data/b.pipeline", "capture", 800,
      "[requires]\nprobe = nobody\n[launch]\na = fakesrc name=source ! "
      "queue\n");
  put_fragment ("data/c.pipeline", "capture", 700,
      "[requires]\nprobe = source\n[launch]\na = fakesrc name=source ! "
      "queue\n");
  put_fragment ("data/d.pipeline", "capture", 950,
      "[requires]\nprobe = source\n[launch]\na = fakesrc name=source ! "
      "nothing-like-it\n");
  catalog = load (NULL);
  inventory = pf_inventory_new_system ();
  choice = pf_catalog_choose (catalog, inventory, "capture", &wish);
  PF_REQUIRE (choice->chosen);
  PF_CHECK_STR (choice->chosen->name, "c");
  PF_CHECK_STR (reason_of (choice, "a"), "its source cannot be opened");
  PF_CHECK_STR (reason_of (choice, "b"), "it has no element named nobody");
  PF_CHECK (strstr (reason_of (choice, "d"), "nothing-like-it"));
  stop ();
}

/* What opened once is not opened again where the wish remembers it. */
static void
test_probe_once (void)
{
  g_autoptr (PfCatalog) catalog = NULL;
  g_autoptr (PfInventory) inventory = NULL;
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GHashTable) opened =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  PfWish forgetful = { .values = values };
  PfWish wish = { .values = values, .opened = opened };

  start ();
  put_fragment ("data/a.pipeline", "capture", 900,
      "[requires]\nelements = pftestclosed\nprobe = source\n[launch]\n"
      "a = pftestclosed name=source ! queue\n");
  put_fragment (
      "data/b.pipeline", "capture", 700, "[launch]\na = fakesrc ! queue\n");
  catalog = load (NULL);
  inventory = pf_inventory_new_system ();
  openings = 1;
  for (guint i = 0; i < 5; i++) {
    const gboolean remembers = i < 3;
    g_autoptr (PfChoice) choice = pf_catalog_choose (
        catalog, inventory, "capture", remembers ? &wish : &forgetful);

    PF_REQUIRE (choice->chosen);
    PF_CHECK_STR (choice->chosen->name, remembers ? "a" : "b");
  }
  stop ();
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  gst_element_register (
      NULL, "pftestclosed", GST_RANK_NONE, pf_test_closed_get_type ());
  PF_TEST_ADD ("/choice/reasons", test_reasons);
  PF_TEST_ADD ("/choice/by-name", test_by_name);
  PF_TEST_ADD ("/choice/search-path", test_search_path);
  PF_TEST_ADD ("/choice/no-files", test_no_files);
  PF_TEST_ADD ("/choice/bad-machine", test_bad_machine);
  PF_TEST_ADD ("/choice/probe", test_probe);
  PF_TEST_ADD ("/choice/probe-once", test_probe_once);
  PF_TEST_ADD ("/plan/joined", test_plan);
  PF_TEST_ADD ("/plan/missing", test_plan_missing);
  PF_TEST_ADD ("/plan/half", test_plan_half);
  return pf_test_run (argc, argv);
}
