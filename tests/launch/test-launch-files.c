/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pipeline files: what is read, and that every mistake is an error that names
 * file, line and key.
 */
#include "pf-fragment.h"
#include "pf-test.h"

#include <glib/gstdio.h>
#include <string.h>

#define HEAD                                                                   \
  "[pipeline]\nformat = 1\nrole = encode\nrank = 10\nsummary = a test\n"

static PfFragment *
parse (const gchar *text, GError **error)
{
  return pf_fragment_parse ("dir/some.pipeline", text, error);
}

static void
test_whole (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfFragment) f = parse (
      "# of a comment\n" HEAD "\n[requires]\nelements = a;b ; c;\ngpu=intel\n"
      "probe = encoder\ngstreamer = 1.22..1.24\n[variables]\n"
      "width = uint 64..4096\nslices = uint 1..16 = 2\nfast = bool = true\n"
      "mode = choice cbr|vbr = cbr\n[latency]\nbudget-ms = 6\n"
      "[launch]\none = a w=${width} ! b\ntwo = c n=${slices} f=${fast} "
      "m=${mode} path=a\\nb\n",
      &error);
  g_autoptr (PfValues) values = pf_values_new ();
  g_autofree gchar *text = NULL;

  PF_REQUIRE (f);
  PF_CHECK_STR (f->name, "some");
  PF_CHECK_STR (f->role, "encode");
  PF_CHECK_UINT (f->rank, ==, 10);
  PF_CHECK_UINT (f->budget_ms, ==, 6);
  PF_CHECK_UINT (g_strv_length (f->elements), ==, 3);
  PF_CHECK_STR (f->elements[1], "b");
  PF_CHECK_STR (f->gpus[0], "intel");
  PF_CHECK_STR (f->probe, "encoder");
  PF_CHECK_UINT (f->gst_min, ==, 22);
  PF_CHECK_UINT (f->gst_max, ==, 24);
  PF_CHECK (pf_values_set_uint (values, "width", 1280, NULL));
  text = pf_fragment_expand (f, values, &error);
  /* stages in file order; backslashes as they stand */
  PF_CHECK_STR (text, "a w=1280 ! b ! c n=2 f=true m=cbr path=a\\nb");
}

/* Each text has one mistake; the error says where and what. */
static const struct {
  const gchar *name, *text, *says;
} mistakes[] = {
  { "no-group", "format = 1\n", "dir/some.pipeline:1: a key before" },
  { "no-line", "[pipeline]\nformat\n",
      "dir/some.pipeline:2: neither [group] nor key = value: format" },
  { "bad-group", "[pipe line]\n",
      "dir/some.pipeline:1: not a name of a group" },
  { "open-group", "[pipeline\n", "dir/some.pipeline:1: no group" },
  { "group-twice", HEAD "[launch]\na = x\n[launch]\n",
      "dir/some.pipeline:8: group comes twice: launch" },
  { "key-twice", HEAD "rank = 11\n",
      "dir/some.pipeline:6: key comes twice in its group: rank" },
  { "bad-key", "[pipeline]\nFormat = 1\n",
      "dir/some.pipeline:2: not a name of a key: Format" },
  { "unknown-group", HEAD "[lunch]\na = x\n",
      "dir/some.pipeline:7: [lunch] a: unknown group" },
  { "unknown-key", HEAD "runk = 1\n",
      "dir/some.pipeline:6: [pipeline] runk: unknown key" },
  { "unknown-requirement", HEAD "[requires]\nelement = x\n",
      "dir/some.pipeline:7: [requires] element: unknown key" },
  { "unknown-latency", HEAD "[latency]\nbudget = 1\n",
      "dir/some.pipeline:7: [latency] budget: unknown key" },
  { "unknown-role", "[pipeline]\nformat = 1\nrole = encod\n",
      "dir/some.pipeline:3: [pipeline] role: unknown role encod" },
  { "format", "[pipeline]\nformat = 2\n",
      "dir/some.pipeline:2: [pipeline] format: 2 is not a format" },
  { "rank", "[pipeline]\nrank = high\n",
      "dir/some.pipeline:2: [pipeline] rank: high is no number" },
  { "rank-far", "[pipeline]\nrank = 10001\n",
      "dir/some.pipeline:2: [pipeline] rank: 10001 is no number" },
  { "empty-list", HEAD "[requires]\nelements =\n", "[requires] elements: is" },
  { "hole-in-list", HEAD "[requires]\nelements = a;;b\n",
      "dir/some.pipeline:7: [requires] elements: an empty name" },
  { "version", HEAD "[requires]\ngstreamer = 2.0\n",
      "[requires] gstreamer: 2.0 is no version" },
  { "type", HEAD "[variables]\nx = float 1..2 = 1\n",
      "dir/some.pipeline:7: [variables] x: float 1..2 is no type" },
  { "range", HEAD "[variables]\nx = uint 9..1 = 1\n",
      "[variables] x: uint 9..1 is no type" },
  { "range-minus", HEAD "[variables]\nx = uint -1..1 = 1\n", "is no type" },
  { "range-far", HEAD "[variables]\nx = uint 0..18446744073709551616 = 1\n",
      "is no type" },
  { "default", HEAD "[variables]\nx = uint 1..4 = 5\n",
      "dir/some.pipeline:7: [variables] x: x 5 is outside 1..4" },
  { "default-bool", HEAD "[variables]\nx = bool = yes\n",
      "x yes is neither true nor false" },
  { "choice-text", HEAD "[variables]\nx = choice a|b c = a\n", "is no type" },
  { "unknown-variable", HEAD "[variables]\nwobble = uint 64..128\n",
      "dir/some.pipeline:7: [variables] wobble: the programs do not know" },
  { "known-wider", HEAD "[variables]\nwidth = uint 64..99999\n",
      "[variables] width: this variable is within uint 16..16384" },
  { "known-other", HEAD "[variables]\nhdr = uint 0..1\n",
      "[variables] hdr: this variable is bool" },
  { "known-choice", HEAD "[variables]\ndepth = choice 8|12\n",
      "[variables] depth: depth 12 is none of 8, 10" },
  { "undeclared", HEAD "[launch]\na = x w=${width}\n",
      "dir/some.pipeline:7: [launch] a: unknown variable width" },
  { "unclosed", HEAD "[launch]\na = x w=${width\n",
      "dir/some.pipeline:7: [launch] a: ${ is never closed" },
  { "bang-first", HEAD "[launch]\na = ! x\n",
      "dir/some.pipeline:7: [launch] a: a stage neither begins" },
  { "bang-last", HEAD "[launch]\na = x !\n", "a stage neither begins" },
  { "caps-first", HEAD "[launch]\na = video/x-raw,width=1 ! x\n",
      "dir/some.pipeline: [launch] a: must not begin or end in bare caps" },
  { "caps-last", HEAD "[launch]\na = x ! video/x-raw(memory:VAMemory)\n",
      "must not begin or end in bare caps" },
  { "no-launch", HEAD, "dir/some.pipeline: [launch] is missing" },
  { "no-format", "[pipeline]\nrole = encode\n",
      "[pipeline] format is missing" },
  { "no-summary", "[pipeline]\nformat=1\nrole=encode\nrank=1\n[launch]\na=x\n",
      "[pipeline] summary is missing" },
  { "session-launch", HEAD "[session]\nvideo = encode\n[launch]\na = x\n",
      "dir/some.pipeline:7: [session] video: a encode has no such group" },
  { "empty", "", "[pipeline] format is missing" },
};

static void
test_mistake (const void *data)
{
  const gsize i = (gsize) data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PfFragment) f = parse (mistakes[i].text, &error);

  PF_CHECK (!f);
  PF_REQUIRE (error);
  if (!strstr (error->message, mistakes[i].says))
    pf_test_fail (__FILE__, __LINE__, "\"%s\" does not say \"%s\"",
        error->message, mistakes[i].says);
}

static void
test_not_text (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *large = g_strnfill (70000, '#');

  PF_CHECK (!parse ("[pipeline]\nsummary = \xff\n", &error));
  PF_CHECK (error && strstr (error->message, "not UTF-8"));
  g_clear_error (&error);
  PF_CHECK (!parse (large, &error));
  PF_CHECK (error && strstr (error->message, "larger than 64 KiB"));
}

/* Whatever bytes a file holds: an error or a fragment, nothing else. */
static void
test_damaged (void)
{
  static const gchar good[] =
      HEAD "[requires]\nelements = a;b\ngstreamer = 1.22\n[variables]\n"
           "width = uint 64..4096\nx = choice a|b = a\n[latency]\n"
           "budget-ms = 6\n[launch]\none = a w=${width} ! b x=${x}\n";
  guint read = 0;

  for (guint i = 0; i < 4000; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *text = g_strdup (good);
    PfFragment *f;

    for (guint n = 1 + (guint) pf_test_random_below (4); n > 0; n--)
      text[pf_test_random_below (strlen (good))] =
          "\n[]=;|${}.! #\t1aA\xc3"[pf_test_random_below (17)];
    f = parse (text, &error);
    PF_CHECK ((f != NULL) != (error != NULL));
    read += f != NULL;
    pf_fragment_free (f);
  }
  pf_test_note ("%u of 4000 were still fragments", read);
  PF_CHECK_UINT (read, >, 0);
  PF_CHECK_UINT (read, <, 4000);
}

/* What has not its type never gets into the text. */
static void
test_values (void)
{
  static const struct {
    const gchar *name, *value, *says;
  } bad[] = {
    { "width", "15", "width 15 is outside 16..16384" },
    { "width", "16385", "outside" },
    { "width", "-1", "width -1 is no number" },
    { "width", "1280 ! filesink location=x", "is no number" },
    { "width", "0x500", "is no number" },
    { "width", " 1280", "is no number" },
    { "width", "", "is no number" },
    { "width", "99999999999999999999", "is no number" },
    { "fps", "0", "fps 0 is outside 1..1000" },
    { "hdr", "1", "hdr 1 is neither true nor false" },
    { "chroma", "422", "chroma 422 is none of 420, 444" },
    { "colorimetry", "bt709 ! fakesink", "is none of" },
    { "location", "x", "there is no variable location" },
  };
  g_autoptr (PfValues) values = pf_values_new ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    PF_CHECK (!pf_values_set (values, bad[i].name, bad[i].value, &error));
    PF_REQUIRE (error);
    PF_CHECK (g_error_matches (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE));
    if (!strstr (error->message, bad[i].says))
      pf_test_fail (__FILE__, __LINE__, "\"%s\" does not say \"%s\"",
          error->message, bad[i].says);
    PF_CHECK_STR (pf_values_get (values, bad[i].name), NULL);
  }
  PF_CHECK (pf_values_set (values, "width", "1280", NULL));
  PF_CHECK_UINT (pf_values_get_uint (values, "width", 0), ==, 1280);
  PF_CHECK_UINT (pf_values_get_uint (values, "height", 7), ==, 7);
}

static void
test_expand (void)
{
  g_autoptr (PfFragment) f = parse (HEAD
      "[variables]\nwidth = uint 64..100\n[launch]\na = x w=${width} "
      "cost=$5 y=${width}\n",
      NULL);
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  gchar *text;

  PF_REQUIRE (f);
  text = pf_fragment_expand (f, values, &error);
  PF_CHECK_STR (text, NULL);
  PF_REQUIRE (error);
  PF_CHECK_STR (
      error->message, "dir/some.pipeline: [launch] a: width is not set");
  g_clear_error (&error);
  PF_CHECK (pf_values_set_uint (values, "width", 101, NULL));
  text = pf_fragment_expand (f, values, &error);
  PF_CHECK_STR (text, NULL);
  PF_REQUIRE (error);
  PF_CHECK (strstr (error->message, "width 101 is outside 64..100"));
  PF_CHECK (pf_values_set_uint (values, "width", 64, NULL));
  text = pf_fragment_expand (f, values, NULL);
  PF_CHECK_STR (text, "x w=64 cost=$5 y=64");
  g_free (text);
}

/* A variable that the programs know, and nobody sets, has its neutral value. */
static void
test_expand_neutral (void)
{
  g_autoptr (PfFragment) f = parse (HEAD
      "[variables]\ndepth = choice 8|10\nbitrate-kbps = uint 500..900\n"
      "[launch]\na = x depth=${depth}\n",
      NULL);
  g_autoptr (PfValues) values = pf_values_new ();
  g_autofree gchar *text = NULL;

  PF_REQUIRE (f);
  text = pf_fragment_expand (f, values, NULL);
  PF_CHECK_STR (text, "x depth=8");
}

static void
test_session (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfFragment) f = parse (
      "[pipeline]\nformat = 1\nrole = host-session\nrank = 1\nsummary = s\n"
      "[session]\nvideo = capture;encode;sender.video_0\naudio = "
      "audio-capture;sender.audio\nend = send\noptional = audio\n",
      &error);
  static const gchar *const bad[][2] = {
    { "video = capture;paint", ":7: [session] video: paint is neither a role" },
    { "video = capture;a.b;encode", "a.b is neither" },
    { "video = sender.video_0", "sender.video_0 is neither" },
    { "video = capture;host-session", "host-session is neither" },
    { "video = capture;x.y ! filesink", "is neither" },
    { "video = capture\noptional = audio", "there is no chain audio" },
  };

  PF_REQUIRE (f);
  PF_CHECK (pf_fragment_is_session (f));
  PF_CHECK_UINT (f->stages->len, ==, 3);
  for (guint i = 0; i < f->stages->len; i++)
    PF_CHECK_INT (
        ((PfStage *) g_ptr_array_index (f->stages, i))->optional, ==, i == 1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *text = g_strconcat (
        "[pipeline]\nformat = 1\nrole = host-session\nrank = 1\nsummary = s\n"
        "[session]\n",
        bad[i][0], "\n", NULL);

    PF_CHECK (!parse (text, &error));
    PF_REQUIRE (error);
    if (!strstr (error->message, bad[i][1]))
      pf_test_fail (__FILE__, __LINE__, "\"%s\" does not say \"%s\"",
          error->message, bad[i][1]);
    g_clear_error (&error);
  }
}

/* NAME.pipeline.d changes keys; an error in it names its own file and line. */
static void
test_override (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("pf-launch-XXXXXX", NULL);
  g_autofree gchar *base = g_build_filename (dir, "some.pipeline", NULL);
  g_autofree gchar *over = g_build_filename (dir, "over.conf", NULL);
  gchar *overs[] = { over, NULL };
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  PfFragment *f;
  gchar *text;

  g_file_set_contents (base,
      HEAD "[launch]\none = first\ntwo = second\nthree = third\n", -1, NULL);
  g_file_set_contents (over,
      "[pipeline]\nrank = 99\n[launch]\ntwo = other ! more\nthree =\n"
      "four = fourth\n",
      -1, NULL);
  f = pf_fragment_load (base, overs, &error);
  PF_REQUIRE (f);
  PF_CHECK_UINT (f->rank, ==, 99);
  text = pf_fragment_expand (f, values, NULL);
  PF_CHECK_STR (text, "first ! other ! more ! fourth");
  g_free (text);
  pf_fragment_free (f);

  g_file_set_contents (over, "\n[pipeline]\nrnak = 99\n", -1, NULL);
  PF_CHECK (!pf_fragment_load (base, overs, &error));
  PF_CHECK (error && strstr (error->message,
                         "over.conf:3: [pipeline] rnak: unknown key"));
  g_clear_error (&error);
  g_unlink (over);
  PF_CHECK (!pf_fragment_load (base, overs, &error));
  PF_CHECK (g_error_matches (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE));
  g_unlink (base);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  char paths[G_N_ELEMENTS (mistakes)][64];

  PF_TEST_ADD ("/files/whole", test_whole);
  for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++) {
    g_snprintf (
        paths[i], sizeof paths[i], "/files/mistake/%s", mistakes[i].name);
    pf_test_add_data (paths[i], test_mistake, (const void *) i);
  }
  PF_TEST_ADD ("/files/not-text", test_not_text);
  PF_TEST_ADD ("/files/damaged", test_damaged);
  PF_TEST_ADD ("/files/values", test_values);
  PF_TEST_ADD ("/files/expand", test_expand);
  PF_TEST_ADD ("/files/expand-neutral", test_expand_neutral);
  PF_TEST_ADD ("/files/session", test_session);
  PF_TEST_ADD ("/files/override", test_override);
  return pf_test_run (argc, argv);
}
