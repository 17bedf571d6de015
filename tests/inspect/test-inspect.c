/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every element of the project: shows to the outside what its snapshot in
 * docs/elements says, tells about itself all that gst-inspect-1.0 has a place
 * for, has a page, and can be made, raised to READY and put away, twice.
 */
#include "inspect.h"
#include "pf-test.h"

#include <string.h>

static const gchar *top;

static gchar *
page_of (const gchar *name)
{
  return g_strdup_printf ("%s/docs/elements/%s.md", top, name);
}

/* The first line that differs, as it was and as it is. */
static void
show_difference (const gchar *was, const gchar *is)
{
  gchar **a = g_strsplit (was, "\n", -1), **b = g_strsplit (is, "\n", -1);
  guint i = 0;

  while (a[i] && b[i] && strcmp (a[i], b[i]) == 0)
    i++;
  pf_test_note ("line %u was: %s", i + 1, a[i] ? a[i] : "(the end)");
  pf_test_note ("line %u is:  %s", i + 1, b[i] ? b[i] : "(the end)");
  g_strfreev (a);
  g_strfreev (b);
}

static void
test_snapshot (const void *name)
{
  gchar *path = inspect_path (top, name), *is = inspect_text (name);
  gchar *was = NULL;

  PF_REQUIRE (is != NULL);
  if (!g_file_get_contents (path, &was, NULL, NULL)) {
    pf_test_fail (__FILE__, __LINE__,
        "there is no %s; make it: ./pf inspect-snapshots", path);
  } else if (strcmp (was, is) != 0) {
    show_difference (was, is);
    pf_test_fail (__FILE__, __LINE__,
        "%s says something else; if that is meant: ./pf inspect-snapshots",
        path);
  }
  g_free (was);
  g_free (is);
  g_free (path);
}

static void
check_text (const gchar *what, const gchar *text)
{
  if (!text || strlen (text) < 3)
    pf_test_fail (__FILE__, __LINE__, "%s says nothing", what);
}

static void
test_texts (const void *name)
{
  static const gchar *const keys[] = { GST_ELEMENT_METADATA_LONGNAME,
    GST_ELEMENT_METADATA_KLASS, GST_ELEMENT_METADATA_DESCRIPTION,
    GST_ELEMENT_METADATA_AUTHOR };
  GstElement *e = gst_element_factory_make (name, NULL);
  GParamSpec **all;
  gchar *page = page_of (name);
  guint n;

  PF_REQUIRE (e != NULL);
  gst_object_ref_sink (e);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    check_text (keys[i],
        gst_element_class_get_metadata (GST_ELEMENT_GET_CLASS (e), keys[i]));
  all = g_object_class_list_properties (G_OBJECT_GET_CLASS (e), &n);
  for (guint i = 0; i < n; i++)
    if (all[i]->owner_type == G_OBJECT_TYPE (e)) {
      check_text (all[i]->name, g_param_spec_get_nick (all[i]));
      check_text (all[i]->name, g_param_spec_get_blurb (all[i]));
    }
  if (!g_file_test (page, G_FILE_TEST_EXISTS))
    pf_test_fail (__FILE__, __LINE__, "there is no %s", page);
  g_free (all);
  g_free (page);
  gst_object_unref (e);
}

static void
test_states (const void *name)
{
  for (guint i = 0; i < 2; i++) {
    GstElement *e = gst_element_factory_make (name, NULL);

    PF_REQUIRE (e != NULL);
    gst_object_ref_sink (e);
    /* one that opens its port takes a free one */
    GParamSpec *port =
        g_object_class_find_property (G_OBJECT_GET_CLASS (e), "port");

    if (port && (!G_IS_PARAM_SPEC_UINT (port) ||
                    G_PARAM_SPEC_UINT (port)->minimum == 0))
      gst_util_set_object_arg (G_OBJECT (e), "port", "0");
    for (guint again = 0; again < 2; again++) {
      PF_CHECK_INT (gst_element_set_state (e, GST_STATE_READY), ==,
          GST_STATE_CHANGE_SUCCESS);
      PF_CHECK_INT (gst_element_set_state (e, GST_STATE_NULL), ==,
          GST_STATE_CHANGE_SUCCESS);
    }
    PF_CHECK_INT (GST_OBJECT_REFCOUNT_VALUE (e), ==, 1);
    gst_object_unref (e);
  }
}

/* A snapshot whose element and page are gone goes too. */
static void
test_no_others (void)
{
  gchar *path = g_build_filename (top, "docs", "elements", NULL);
  GDir *listing = g_dir_open (path, 0, NULL);
  const gchar *file;
  guint n = 0;

  PF_REQUIRE (listing != NULL);
  while ((file = g_dir_read_name (listing)))
    if (g_str_has_suffix (file, ".inspect")) {
      gchar *name = g_strndup (file, strlen (file) - strlen (".inspect"));
      gchar *page = page_of (name);

      if (!g_file_test (page, G_FILE_TEST_EXISTS))
        pf_test_fail (__FILE__, __LINE__, "%s has no page", file);
      g_free (name);
      g_free (page);
      n++;
    }
  PF_CHECK_UINT (n, >, 0);
  g_dir_close (listing);
  g_free (path);
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *what;
    PfTestDataFunc func;
  } kinds[] = {
    { "snapshot", test_snapshot },
    { "texts", test_texts },
    { "states", test_states },
  };
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *names;
  int ret;

  top = g_getenv ("PF_TEST_TOP");
  if (!top) {
    g_printerr ("PF_TEST_TOP is not set\n");
    return 2;
  }
  gst_init (NULL, NULL);
  names = inspect_factories ();
  PF_TEST_ADD ("/inspect/no-others", test_no_others);
  for (guint i = 0; i < names->len; i++)
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      gchar *path = g_strdup_printf (
          "/inspect/%s/%s", (gchar *) names->pdata[i], kinds[k].what);

      g_ptr_array_add (paths, path);
      pf_test_add_data (path, kinds[k].func, names->pdata[i]);
    }
  ret = pf_test_run (argc, argv);
  g_ptr_array_unref (names);
  g_ptr_array_unref (paths);
  return ret;
}
