/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every fragment in pipelines/ is read, expanded over its ranges and parsed;
 * where an element needs hardware that is not here, its properties are compared
 * with a table. And what is chosen on machines of every kind.
 */
#include "pf-plan.h"
#include "pf-test.h"

#include <string.h>

static PfCatalog *catalog;

static const gchar *
dir_of (const gchar *variable)
{
  const gchar *dir = g_getenv (variable);

  if (!dir)
    g_error ("%s is not set", variable);
  return dir;
}

/* ---- Launch text --------------------------------------------------------- */

typedef struct {
  gchar *name;
  GPtrArray *settings; /* "property=value" */
} Element;

static void
element_free (gpointer data)
{
  Element *e = data;

  g_free (e->name);
  g_ptr_array_unref (e->settings);
  g_free (e);
}

/* The elements of a text, without those that are mere caps or pads. */
static GPtrArray *
elements_of (const gchar *text)
{
  GPtrArray *elements = g_ptr_array_new_with_free_func (element_free);
  g_auto (GStrv) words = NULL;
  gboolean first = TRUE;

  if (!g_shell_parse_argv (text, NULL, &words, NULL))
    return elements;
  for (guint i = 0; words[i]; i++) {
    if (g_str_equal (words[i], "!")) {
      first = TRUE;
      continue;
    }
    if (first && !strpbrk (words[i], "/=.")) {
      Element *e = g_new0 (Element, 1);

      e->name = g_strdup (words[i]);
      e->settings = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (elements, e);
    } else if (!first && elements->len) {
      Element *e = g_ptr_array_index (elements, elements->len - 1);

      g_ptr_array_add (e->settings, g_strdup (words[i]));
    }
    first = FALSE;
  }
  return elements;
}

static gboolean
is_here (const gchar *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  return factory != NULL;
}

static gboolean
is_core (const gchar *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  return factory && g_strcmp0 (gst_plugin_feature_get_plugin_name (
                                   GST_PLUGIN_FEATURE (factory)),
                        "coreelements") == 0;
}

/* ---- The table ----------------------------------------------------------- */

static gchar **table;

/* The properties of an element with GStreamer 1.MINOR; NULL: not there. */
static gchar **
look_up (const gchar *name, guint minor)
{
  g_autofree gchar *number = g_strdup_printf ("%u", minor);

  for (guint i = 0; table[i]; i++) {
    g_auto (GStrv) words = g_strsplit_set (table[i], " ", -1);
    g_auto (GStrv) versions = NULL;
    guint n = 0;

    for (guint j = 0; words[j]; j++) {
      if (*words[j])
        words[n++] = words[j];
      else
        g_free (words[j]);
    }
    words[n] = NULL;
    if (n < 2 || !g_str_equal (words[0], name))
      continue;
    versions = g_strsplit (words[1], ",", -1);
    if (g_strv_contains ((const gchar *const *) versions, number))
      return g_strdupv (words + 2);
  }
  return NULL;
}

/* Whether a setting is one that a table's entry allows. */
static gboolean
allows (const gchar *entry, const gchar *property, const gchar *value)
{
  const gsize n = strcspn (entry, ":=");

  if (strlen (property) != n || strncmp (entry, property, n) != 0)
    return FALSE;
  if (entry[n] == ':') {
    g_auto (GStrv) ends = g_strsplit (entry + n + 1, "..", 2);
    gint64 v, low = g_ascii_strtoll (ends[0], NULL, 10);
    gint64 high = g_ascii_strtoll (ends[1], NULL, 10);

    return g_ascii_string_to_signed (value, 10, low, high, &v, NULL);
  }
  if (entry[n] == '=') {
    g_auto (GStrv) words = g_strsplit (entry + n + 1, "|", -1);

    return g_strv_contains ((const gchar *const *) words, value);
  }
  return TRUE;
}

static gboolean
table_allows (gchar **properties, const gchar *setting)
{
  g_auto (GStrv) pair = g_strsplit (setting, "=", 2);

  if (g_str_equal (pair[0], "name"))
    return TRUE;
  for (guint i = 0; pair[1] && properties[i]; i++)
    if (allows (properties[i], pair[0], pair[1]))
      return TRUE;
  return FALSE;
}

/* The element as the table has it, in every release that the fragment is for:
 * absent there, or with all the properties. */
static void
check_by_table (const PfFragment *f, const Element *e)
{
  static const guint minors[] = { 22, 26, 28 };
  guint known = 0;

  for (guint i = 0; i < G_N_ELEMENTS (minors); i++) {
    g_auto (GStrv) properties = look_up (e->name, minors[i]);

    if (!properties || (f->gst_min && minors[i] < f->gst_min) ||
        (f->gst_max && minors[i] > f->gst_max))
      continue;
    known++;
    for (guint j = 0; j < e->settings->len; j++) {
      const gchar *setting = g_ptr_array_index (e->settings, j);

      if (!table_allows (properties, setting))
        pf_test_fail (__FILE__, __LINE__, "%s: %s of 1.%u has no %s", f->name,
            e->name, minors[i], setting);
    }
  }
  if (!known)
    pf_test_fail (__FILE__, __LINE__,
        "%s: %s is neither here nor in the table for its releases", f->name,
        e->name);
}

/* ---- Every file ---------------------------------------------------------- */

/* Values in the middle of things, bent into what the fragment takes. */
static PfValues *
sample_values (const PfFragment *f, gboolean low, gboolean high)
{
  static const gchar *const usual[][2] = {
    { "width", "1280" },
    { "height", "720" },
    { "fps", "60" },
    { "feed-fps", "60" },
    { "bitrate-kbps", "10000" },
    { "vbv-kbit", "600" },
    { "audio-kbps", "128" },
    { "colorimetry", "bt709" },
  };
  PfValues *values = pf_values_new ();

  for (guint i = 0; i < f->variables->len; i++) {
    const PfVariable *v = g_ptr_array_index (f->variables, i);
    const gchar *value =
        v->kind == PF_VARIABLE_CHOICE ? v->choices[0] : "false";

    if (!pf_known_variable (v->name))
      continue;
    for (guint j = 0; j < G_N_ELEMENTS (usual); j++)
      if (g_str_equal (usual[j][0], v->name))
        value = usual[j][1];
    if (v->kind == PF_VARIABLE_UINT && (low || high)) {
      PF_CHECK (
          pf_values_set_uint (values, v->name, low ? v->min : v->max, NULL));
    } else {
      PF_CHECK (pf_values_set (values, v->name, value, NULL));
    }
  }
  return values;
}

static void
check_text (const PfFragment *f, const gchar *text)
{
  g_autoptr (GPtrArray) elements = elements_of (text);
  g_autoptr (GError) error = NULL;
  GstElement *bin;
  gboolean all = TRUE;

  PF_CHECK_UINT (elements->len, >, 0);
  for (guint i = 0; i < elements->len; i++) {
    const Element *e = g_ptr_array_index (elements, i);

    if (!is_core (e->name) &&
        !(f->elements &&
            g_strv_contains ((const gchar *const *) f->elements, e->name)))
      pf_test_fail (__FILE__, __LINE__, "%s: %s is not among its elements",
          f->name, e->name);
    if (!is_here (e->name)) {
      all = FALSE;
      check_by_table (f, e);
    }
  }
  if (!all)
    return;
  bin = gst_parse_bin_from_description_full (
      text, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!bin || error)
    pf_test_fail (__FILE__, __LINE__, "%s: %s", f->name,
        error ? error->message : "not parsed");
  if (bin)
    gst_object_unref (gst_object_ref_sink (bin));
}

/* From pffecenc to the sender: nothing that takes lists apart, and after the
 * encoder nothing that drops. */
static void
check_traps (const PfFragment *f, const gchar *text)
{
  static const gchar *const packets[] = { "fec", "crypt", "send", "receive",
    "open", "reassemble", NULL };

  if (g_strv_contains (packets, f->role))
    PF_CHECK (!strstr (text, "caps=") && !strstr (text, "identity") &&
              !strstr (text, "/"));
  if (strstr (text, "leaky"))
    PF_CHECK_STR (f->role, "capture");
  if (strstr (text, "av1enc ") && strstr (text, " cpu-used="))
    PF_CHECK (strstr (text, " max-quantizer="));
  if (g_str_equal (f->role, "encode")) {
    PF_CHECK (strstr (text, " name=encoder "));
    PF_CHECK_STR (f->probe, "encoder");
    PF_CHECK (f->codecs && !f->codecs[1]);
    PF_CHECK_UINT (f->budget_ms, >, 0);
  }
}

static void
test_file (const void *data)
{
  const PfFragment *f = data;

  PF_CHECK_UINT (strlen (f->summary), <, 72);
  for (guint corner = 0; corner < 3; corner++) {
    g_autoptr (PfValues) values = sample_values (f, corner == 1, corner == 2);
    g_autoptr (GError) error = NULL;
    g_autofree gchar *text = pf_fragment_expand (f, values, &error);

    if (!text)
      pf_test_fail (__FILE__, __LINE__, "%s", error->message);
    PF_REQUIRE (text);
    check_text (f, text);
    check_traps (f, text);
  }
}

/* Every word of every choice, too. */
static void
test_choices (void)
{
  for (guint i = 0; i < catalog->fragments->len; i++) {
    const PfFragment *f = g_ptr_array_index (catalog->fragments, i);

    for (guint j = 0; j < f->variables->len; j++) {
      const PfVariable *v = g_ptr_array_index (f->variables, j);

      if (!pf_known_variable (v->name))
        continue;
      for (guint k = 0; v->choices && v->choices[k]; k++) {
        g_autoptr (PfValues) values = sample_values (f, FALSE, FALSE);
        g_autofree gchar *text = NULL;

        PF_CHECK (pf_values_set (values, v->name, v->choices[k], NULL));
        text = pf_fragment_expand (f, values, NULL);
        PF_REQUIRE (text);
        check_text (f, text);
      }
    }
  }
}

/* ---- Machines ------------------------------------------------------------ */

static const struct {
  const gchar *machine, *codec, *encode, *decode, *present;
} expected[] = {
  { "nvidia-1.22", "h264", "encode-nvcuda-h264-old", "decode-nv-h264",
      "present-gl" },
  { "nvidia-1.22", "h265", "encode-nvcuda-h265-old", "decode-nv-h265",
      "present-gl" },
  { "nvidia-1.22", "av1", "encode-aom", "decode-nv-av1", "present-gl" },
  { "nvidia-1.26", "h264", "encode-nvcuda-h264", "decode-nv-h264",
      "present-wayland" },
  { "nvidia-1.26", "h265", "encode-nvcuda-h265", "decode-nv-h265",
      "present-wayland" },
  { "nvidia-1.26", "av1", "encode-nvcuda-av1", "decode-nv-av1",
      "present-wayland" },
  { "amd", "h264", "encode-va-h264", "decode-va-h264", "present-wayland" },
  { "amd", "h265", "encode-va-h265", "decode-va-h265", "present-wayland" },
  { "amd", "av1", "encode-va-av1", "decode-va-av1", "present-wayland" },
  { "intel", "h264", "encode-valp-h264", "decode-va-h264", "present-gl" },
  { "intel", "h265", "encode-valp-h265", "decode-va-h265", "present-gl" },
  { "intel", "av1", "encode-qsv-av1", "decode-va-av1", "present-gl" },
  { "v4l2", "h264", "encode-v4l2-h264", "decode-v4l2-h264", NULL },
  { "v4l2", "h265", NULL, "decode-v4l2sl-h265", NULL },
  { "no-gpu", "h264", "encode-x264", "decode-avdec-h264", "present-x11" },
  { "no-gpu", "h265", "encode-x265", "decode-avdec-h265", "present-x11" },
  { "no-gpu", "av1", "encode-aom", "decode-aom", "present-x11" },
};

static PfInventory *
load_machine (const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, ".inventory", NULL);
  g_autofree gchar *path =
      g_build_filename (dir_of ("PF_TEST_INVENTORIES"), file, NULL);
  g_autoptr (GError) error = NULL;
  PfInventory *inventory = pf_inventory_load (path, &error);

  if (!inventory)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (inventory);
  return inventory;
}

static PfValues *
usual_mode (void)
{
  PfValues *values = pf_values_new ();

  pf_values_set_uint (values, "width", 1920, NULL);
  pf_values_set_uint (values, "height", 1080, NULL);
  pf_values_set_uint (values, "fps", 60, NULL);
  pf_values_set_uint (values, "feed-fps", 60, NULL);
  pf_values_set_uint (values, "bitrate-kbps", 20000, NULL);
  pf_values_set_uint (values, "vbv-kbit", 1300, NULL);
  pf_values_set_uint (values, "audio-kbps", 128, NULL);
  pf_values_set (values, "colorimetry", "bt709", NULL);
  return values;
}

static void
check_choice (const PfInventory *inventory, const gchar *role,
    const PfWish *wish, const gchar *name)
{
  g_autoptr (PfChoice) choice =
      pf_catalog_choose (catalog, inventory, role, wish);

  PF_CHECK_STR (choice->chosen ? choice->chosen->name : NULL, name);
  for (guint i = 0; i < choice->candidates->len; i++) {
    const PfCandidate *c = g_ptr_array_index (choice->candidates, i);

    PF_CHECK ((c->fragment == choice->chosen) == (c->reason == NULL));
  }
}

static void
test_machine (const void *data)
{
  const gsize i = (gsize) data;
  g_autoptr (PfInventory) inventory = load_machine (expected[i].machine);
  g_autoptr (PfValues) values = usual_mode ();
  PfWish wish = { .codec = expected[i].codec, .values = values };

  check_choice (inventory, "encode", &wish, expected[i].encode);
  check_choice (inventory, "decode", &wish, expected[i].decode);
  check_choice (inventory, "present", &wish, expected[i].present);
}

/* What the wishes beyond 8 bit 4:2:0 lead to. */
static void
test_deep (void)
{
  static const struct {
    const gchar *machine, *codec, *name, *value, *encode;
  } deep[] = {
    { "no-gpu", "h264", "depth", "10", NULL },
    { "no-gpu", "h265", "depth", "10", "encode-x265-10" },
    { "no-gpu", "h264", "chroma", "444", "encode-x264-444" },
    { "amd", "h265", "depth", "10", "encode-va-h265-10" },
    { "nvidia-1.26", "h265", "depth", "10", "encode-nvcuda-h265-10" },
    { "nvidia-1.26", "av1", "depth", "10", NULL },
    { "amd", "h264", "width", "8000", "encode-x264" },
    { "intel", "av1", "bitrate-kbps", "70000", "encode-aom" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (deep); i++) {
    g_autoptr (PfInventory) inventory = load_machine (deep[i].machine);
    g_autoptr (PfValues) values = usual_mode ();
    PfWish wish = { .codec = deep[i].codec, .values = values };

    PF_CHECK (pf_values_set (values, deep[i].name, deep[i].value, NULL));
    check_choice (inventory, "encode", &wish, deep[i].encode);
  }
}

/* Both sessions come out whole on a machine that has our elements. */
static void
test_sessions (void)
{
  static const gchar *const roles[] = { "host-session", "client-session" };

  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    g_autoptr (PfInventory) inventory = load_machine ("no-gpu");
    g_autoptr (PfValues) values = usual_mode ();
    g_autoptr (GError) error = NULL;
    g_autoptr (PfPlan) plan = NULL;
    PfWish wish = { "h264", "punktfunk1", values, NULL, NULL, NULL };

    inventory->compositor = g_strdup ("test");
    plan = pf_plan_new (catalog, inventory, roles[i], &wish, NULL, &error);
    if (!plan)
      pf_test_fail (__FILE__, __LINE__, "%s", error->message);
    PF_REQUIRE (plan);
    pf_test_note ("%s", plan->line);
    PF_CHECK_UINT (plan->left_out->len, ==, 0);
    PF_CHECK (!strstr (plan->line, "${"));
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  gchar *dirs[2] = { NULL };

  gst_init (&argc, &argv);
  dirs[0] = (gchar *) dir_of ("PF_TEST_PIPELINES");
  catalog = pf_catalog_load (dirs, &error);
  if (!catalog)
    g_error ("%s", error->message);
  {
    g_autofree gchar *text = NULL,
                     *path = g_build_filename (dir_of ("PF_TEST_INVENTORIES"),
                         "element-properties", NULL);

    if (!g_file_get_contents (path, &text, NULL, &error))
      g_error ("%s", error->message);
    table = g_strsplit (text, "\n", -1);
  }
  for (guint i = 0; i < catalog->fragments->len; i++) {
    const PfFragment *f = g_ptr_array_index (catalog->fragments, i);

    gchar *path = g_strconcat ("/pipelines/file/", f->name, NULL);

    g_ptr_array_add (paths, path);
    if (!pf_fragment_is_session (f))
      pf_test_add_data (path, test_file, f);
  }
  PF_TEST_ADD ("/pipelines/choices", test_choices);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++) {
    gchar *path = g_strdup_printf (
        "/pipelines/machine/%s/%s", expected[i].machine, expected[i].codec);

    g_ptr_array_add (paths, path);
    pf_test_add_data (path, test_machine, (const void *) i);
  }
  PF_TEST_ADD ("/pipelines/deep", test_deep);
  PF_TEST_ADD ("/pipelines/sessions", test_sessions);
  return pf_test_run (argc, argv);
}
