/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Self-tests of encoders, kept between runs; see pf-speeds.h. */
#include "pf-speeds.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/utsname.h>

/* A process of its own gets so long for all sizes. */
#define LIMIT_S 15
/* Then a result is what the machine can do, and no accident. */
#define ENOUGH_TESTS 3

struct _PfSpeeds {
  gchar *path;
  gchar **command;
  GKeyFile *file;
  GHashTable *known; /* name: PfSpeed, of this run */
  guint measured;
};

static void
speed_free (gpointer data)
{
  pf_speed_clear (data);
  g_free (data);
}

PfSpeeds *
pf_speeds_open (const gchar *path, const gchar *const *command)
{
  PfSpeeds *s = g_new0 (PfSpeeds, 1);

  s->path = path ? g_strdup (path)
                 : g_build_filename (g_get_user_cache_dir (), "gst-punktfunk",
                       "encoders", NULL);
  s->command = g_strdupv ((gchar **) command);
  s->file = g_key_file_new ();
  s->known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, speed_free);
  /* A file that cannot be read is as good as none. */
  g_key_file_load_from_file (s->file, s->path, G_KEY_FILE_NONE, NULL);
  return s;
}

void
pf_speeds_close (PfSpeeds *s)
{
  if (!s)
    return;
  g_free (s->path);
  g_strfreev (s->command);
  g_key_file_unref (s->file);
  g_hash_table_unref (s->known);
  g_free (s);
}

/* Losing the cache costs a second at the next start, no more. */
static void
save (PfSpeeds *s)
{
  g_autofree gchar *dir = g_path_get_dirname (s->path);
  g_autofree gchar *text = NULL;
  gsize size;

  text = g_key_file_to_data (s->file, &size, NULL);
  if (g_mkdir_with_parents (dir, 0700) == 0)
    g_file_set_contents_full (s->path, text, (gssize) size,
        G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

/* ---- What a result depends on -------------------------------------------- */

static void
add_file (GChecksum *sum, const gchar *path, const gchar *line)
{
  g_autofree gchar *text = NULL;
  const gchar *found;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  found = line ? strstr (text, line) : text;
  if (found)
    g_checksum_update (
        sum, (const guchar *) found, (gssize) strcspn (found, "\n"));
}

static void
add_text (GChecksum *sum, const gchar *text)
{
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text) + 1);
}

static void
add_plugin (GChecksum *sum, const gchar *element)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (element);
  g_autoptr (GstPlugin) plugin = NULL;

  if (factory)
    plugin = gst_plugin_feature_get_plugin (GST_PLUGIN_FEATURE (factory));
  add_text (sum, plugin ? gst_plugin_get_version (plugin) : "-");
  add_text (sum, plugin ? gst_plugin_get_source (plugin) : "-");
}

/* The kernel has most drivers; NVIDIA's has a version of its own. */
static gchar *
stamp_of (const PfFragment *f)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree gchar *gst = gst_version_string ();
  g_autofree gchar *cpus = g_strdup_printf ("%u", g_get_num_processors ());
  struct utsname name;

  for (guint i = 0; i < f->stages->len; i++)
    add_text (sum, ((PfStage *) g_ptr_array_index (f->stages, i))->text);
  for (guint i = 0; f->elements && f->elements[i]; i++)
    add_plugin (sum, f->elements[i]);
  add_text (sum, gst);
  add_text (sum, cpus);
  add_file (sum, "/proc/cpuinfo", "model name");
  if (f->gpus) {
    g_autoptr (PfInventory) here = pf_inventory_new_system ();

    for (guint i = 0; here->gpus[i]; i++)
      add_text (sum, here->gpus[i]);
    if (uname (&name) == 0)
      add_text (sum, name.release);
    add_file (sum, "/proc/driver/nvidia/version", NULL);
  }
  return g_strdup (g_checksum_get_string (sum));
}

/* ---- Measuring apart ----------------------------------------------------- */

static gboolean
give_up (gpointer data)
{
  g_subprocess_force_exit (data);
  return G_SOURCE_CONTINUE;
}

typedef struct {
  GMainLoop *loop;
  gchar *text;
} Apart;

static void
on_output (GObject *object, GAsyncResult *result, gpointer data)
{
  Apart *a = data;

  g_subprocess_communicate_utf8_finish (
      G_SUBPROCESS (object), result, &a->text, NULL, NULL);
  g_main_loop_quit (a->loop);
}

static gchar *
run_command (gchar **command, const gchar *name)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (LIMIT_S);
  g_auto (GStrv) argv = NULL;
  Apart a = { g_main_loop_new (context, FALSE), NULL };

  g_strv_builder_addv (builder, (const char **) command);
  g_strv_builder_add (builder, name);
  argv = g_strv_builder_end (builder);
  g_main_context_push_thread_default (context);
  process = g_subprocess_newv (
      (const gchar *const *) argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
  if (process) {
    g_source_set_callback (timer, give_up, process, NULL);
    g_source_attach (timer, context);
    g_subprocess_communicate_utf8_async (process, NULL, NULL, on_output, &a);
    g_main_loop_run (a.loop);
    g_source_destroy (timer);
  }
  g_main_context_pop_thread_default (context);
  g_main_loop_unref (a.loop);
  if (process && !g_subprocess_get_successful (process))
    g_clear_pointer (&a.text, g_free);
  return a.text;
}

static void
measure_apart (PfSpeeds *s, const PfFragment *f, PfSpeed *speed)
{
  g_autofree gchar *text = run_command (s->command, f->name);

  if (text && pf_speed_from_text (g_strstrip (text), speed))
    return;
  pf_speed_ladder (speed);
  speed->problem = g_strdup ("its self-test hung or crashed");
}

/* ---- Asking -------------------------------------------------------------- */

static PfSpeed *
keep (PfSpeeds *s, const gchar *name, const PfSpeed *speed)
{
  PfSpeed *kept = g_memdup2 (speed, sizeof *speed);

  g_hash_table_replace (s->known, g_strdup (name), kept);
  return kept;
}

/* What the file has of this very encoder, machine and so on. */
static gboolean
read_kept (PfSpeeds *s, const PfFragment *f, PfSpeed *speed)
{
  g_autofree gchar *old = NULL, *text = NULL, *stamp = NULL;

  old = g_key_file_get_string (s->file, f->name, "stamp", NULL);
  text = g_key_file_get_string (s->file, f->name, "speed", NULL);
  if (!old || !text || !pf_speed_from_text (text, speed))
    return FALSE;
  stamp = stamp_of (f);
  if (g_str_equal (old, stamp) && pf_speed_is_offered (speed))
    return TRUE;
  pf_speed_clear (speed);
  return FALSE;
}

const PfSpeed *
pf_speeds_peek (PfSpeeds *s, const PfFragment *f)
{
  const PfSpeed *known = g_hash_table_lookup (s->known, f->name);
  PfSpeed speed;

  if (known)
    return known;
  if (g_key_file_get_boolean (s->file, f->name, "doubted", NULL) ||
      !read_kept (s, f, &speed))
    return NULL;
  return keep (s, f->name, &speed);
}

/* A machine that was busy once is not slow. */
static void
take_better (PfSpeed *speed, const PfSpeed *before)
{
  if (speed->problem)
    return;
  for (guint i = 0; i < PF_SPEED_RUNGS; i++)
    speed->rungs[i].fps = MAX (speed->rungs[i].fps, before->rungs[i].fps);
}

const PfSpeed *
pf_speeds_get (PfSpeeds *s, const PfFragment *f)
{
  const PfSpeed *known = pf_speeds_peek (s, f);
  g_autofree gchar *stamp = NULL, *text = NULL;
  PfSpeed speed, before;
  gint tests = 1;

  if (known)
    return known;
  if (s->command)
    measure_apart (s, f, &speed);
  else
    pf_speed_measure (f, &speed);
  s->measured++;
  if (read_kept (s, f, &before)) {
    take_better (&speed, &before);
    pf_speed_clear (&before);
    tests += g_key_file_get_integer (s->file, f->name, "tests", NULL);
  }
  stamp = stamp_of (f);
  text = pf_speed_to_text (&speed);
  g_key_file_remove_group (s->file, f->name, NULL);
  g_key_file_set_string (s->file, f->name, "stamp", stamp);
  g_key_file_set_string (s->file, f->name, "speed", text);
  g_key_file_set_integer (s->file, f->name, "tests", tests);
  save (s);
  return keep (s, f->name, &speed);
}

void
pf_speeds_doubt (PfSpeeds *s, const PfFragment *f)
{
  if (!g_key_file_has_group (s->file, f->name) ||
      g_key_file_get_boolean (s->file, f->name, "doubted", NULL) ||
      g_key_file_get_integer (s->file, f->name, "tests", NULL) >= ENOUGH_TESTS)
    return;
  g_key_file_set_boolean (s->file, f->name, "doubted", TRUE);
  save (s);
}

guint
pf_speeds_measured (const PfSpeeds *s)
{
  return s->measured;
}

void
pf_speeds_forget (PfSpeeds *s, const gchar *name)
{
  g_hash_table_remove (s->known, name);
  if (g_key_file_remove_group (s->file, name, NULL))
    save (s);
}
