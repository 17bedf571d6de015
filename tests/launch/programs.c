/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The programs as people start them; see programs.h. */
#include "programs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pf-open-path.h"
#include "pf-test.h"

#define NOBODY 65534

const gchar *
program_path (const gchar *variable)
{
  const gchar *path = g_getenv (variable);

  PF_REQUIRE (path);
  return path;
}

GSubprocess *
program_spawn (const gchar *const *argv, GSubprocessFlags flags)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_newv (argv, flags, &error);

  if (!process)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (process);
  return process;
}

/* What it prints, up to the word that it is ready. */
static void
read_beginning (Host *h)
{
  gchar *line;

  while ((line = g_data_input_stream_read_line (h->in, NULL, NULL, NULL))) {
    const gchar *port = "listens on UDP port ";

    pf_test_note ("host: %s", line);
    if (g_str_has_prefix (line, port))
      h->port = (guint) g_ascii_strtoull (line + strlen (port), NULL, 10);
    if (g_str_has_prefix (line, "fingerprint "))
      h->fingerprint = g_strdup (line + strlen ("fingerprint "));
    if (g_str_has_prefix (line, "encodes "))
      h->codecs = g_strdup (line + strlen ("encodes "));
    if (g_str_equal (line, "ready"))
      break;
    g_free (line);
  }
  g_free (line);
  PF_REQUIRE (h->port && h->fingerprint);
}

/* With words before the program's name, if there are any, and behind. */
void
host_spawn (Host *h, const gchar *const *before, const gchar *const *behind)
{
  g_autofree gchar *identity = g_build_filename (h->dir, "identity", NULL);
  const gchar *const words[] = { program_path ("PF_HOST"), "serve", "--source",
    "test", "--open", "--no-mdns", "--listen", "127.0.0.1", "--port", "0",
    "--identity", identity, NULL };
  const gchar *const *const parts[] = { before, words, behind };
  const gchar *argv[32] = { NULL };
  guint at = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    for (guint k = 0; parts[i] && parts[i][k]; k++) {
      PF_REQUIRE_UINT (at, <, G_N_ELEMENTS (argv) - 1);
      argv[at++] = parts[i][k];
    }
  h->process = program_spawn (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  h->in = g_data_input_stream_new (g_subprocess_get_stdout_pipe (h->process));
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (h->in), FALSE);
  read_beginning (h);
}

void
host_make_place (Host *h)
{
  memset (h, 0, sizeof *h);
  pf_open_path_or_skip (program_path ("PF_HOST"));
  h->dir = g_dir_make_tmp ("pf-thin-XXXXXX", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (h->dir, NOBODY, NOBODY), ==, 0);
}

void
host_spawn_as_nobody (Host *h)
{
  g_autofree gchar *cache = g_strconcat ("XDG_CACHE_HOME=", h->dir, NULL);
  const gchar *const words[] = { "/usr/bin/setpriv", "--reuid=65534",
    "--regid=65534", "--clear-groups", "/usr/bin/env", cache, NULL };

  host_spawn (h, geteuid () == 0 ? words : words + 4, NULL);
}

gboolean
host_set_speed (Host *h, const gchar *encoder, const gchar *speed)
{
  g_autofree gchar *path =
      g_build_filename (h->dir, "gst-punktfunk", "encoders", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (!g_key_file_load_from_file (file, path, 0, NULL) ||
      !g_key_file_has_group (file, encoder))
    return FALSE;
  g_key_file_set_string (file, encoder, "speed", speed);
  g_key_file_remove_key (file, encoder, "doubted", NULL);
  PF_REQUIRE (g_key_file_save_to_file (file, path, NULL));
  PF_REQUIRE_INT (chmod (path, 0644), ==, 0);
  return TRUE;
}

/* With one more option and its value, or NULL. */
void
host_start_with (Host *h, const gchar *option, const gchar *value)
{
  const gchar *const nobody[] = { "--user", "nobody", option, value, NULL };

  host_make_place (h);
  host_spawn (h, NULL, geteuid () == 0 ? nobody : nobody + 2);
}

void
host_start (Host *h)
{
  host_start_with (h, NULL, NULL);
}

void
host_end (Host *h)
{
  g_subprocess_send_signal (h->process, 15);
  PF_CHECK (g_subprocess_wait (h->process, NULL, NULL));
  PF_CHECK (g_subprocess_get_if_exited (h->process));
  PF_CHECK_INT (g_subprocess_get_exit_status (h->process), ==, 0);
  g_object_unref (h->in);
  g_object_unref (h->process);
  g_clear_pointer (&h->fingerprint, g_free);
  g_clear_pointer (&h->codecs, g_free);
}

void
host_stop (Host *h)
{
  const gchar *argv[] = { "/bin/rm", "-rf", h->dir, NULL };
  GSubprocess *rm;

  host_end (h);
  rm = program_spawn (argv, G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_wait (rm, NULL, NULL);
  g_object_unref (rm);
  g_free (h->dir);
}

void
said_clear (Said *said)
{
  g_free (said->out);
  g_free (said->err);
}

/* With more words, NULL at the end. */
Said
client_run_with (const Host *h, const gchar *mode, const gchar *const *more)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", h->port);
  g_autofree gchar *identity = g_build_filename (h->dir, "client", NULL);
  const gchar *argv[32] = { program_path ("PF_CLIENT"), "connect", address,
    "--headless", "--json", "--tofu", "--mode", mode, "--identity", identity,
    NULL };
  guint at = 10;
  GSubprocess *process;
  Said said = { 0 };

  while (*more && at < G_N_ELEMENTS (argv) - 1)
    argv[at++] = *more++;
  process = program_spawn (
      argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_communicate_utf8 (
      process, NULL, NULL, &said.out, &said.err, NULL);
  said.status = g_subprocess_get_if_exited (process)
                    ? g_subprocess_get_exit_status (process)
                    : -1;
  g_object_unref (process);
  return said;
}

Said
client_run (const Host *h, const gchar *mode, const gchar *pin)
{
  const gchar *more[] = { "--frames", "60", pin ? "--pin-fingerprint" : NULL,
    pin, NULL };

  return client_run_with (h, mode, more);
}

/* Until the host says so, and not these other words before (NULL: none), after
 * how many ms. */
gint64
host_wait_for_words (Host *h, const gchar *words, const gchar *never)
{
  const gint64 begin = g_get_monotonic_time ();
  gboolean found = FALSE, good = TRUE;
  gchar *line;

  while (!found && good &&
         (line = g_data_input_stream_read_line (h->in, NULL, NULL, NULL))) {
    pf_test_note ("host: %s", line);
    found = strstr (line, words) != NULL;
    good = !never || !strstr (line, never);
    g_free (line);
  }
  PF_CHECK (good);
  PF_CHECK (found || !good);
  return (g_get_monotonic_time () - begin) / 1000;
}

gint64
host_wait_for_line (Host *h, const gchar *words)
{
  return host_wait_for_words (h, words, NULL);
}

gint64
report_number (const PfJsonDoc *doc, const gchar *object, const gchar *name)
{
  const PfJson *at = pf_json_root (doc);
  int64_t value = -1;

  if (object)
    at = pf_json_member (at, object);
  pf_json_int64 (pf_json_member (at, name), &value);
  return value;
}

PfJsonDoc *
report_last_line (const gchar *out)
{
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  const gchar *last = "";

  for (guint i = 0; lines[i]; i++)
    if (*lines[i])
      last = lines[i];
  return pf_json_parse (last, strlen (last), NULL, 0);
}
