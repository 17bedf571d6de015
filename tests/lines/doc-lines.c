/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The gst-launch-1.0 lines of the documentation; see doc-lines.h. */
#include "doc-lines.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM "gst-launch-1.0 "

struct DocRun {
  gchar *directory;
  GHashTable *ports; /* as written: the free one, as text */
};

static const gchar *const shown[] = { "autoaudiosink", "autovideosink",
  "alsasink", "fakesink", "fakevideosink", "glimagesink", "gtk4paintablesink",
  "kmssink", "pipewiresink", "pulsesink", "waylandsink", "ximagesink",
  "xvimagesink", NULL };
static const gchar *const receivers[] = { "pfquicsrc", "pfudpsrc", "udpsrc",
  NULL };
static const gchar *const senders[] = { "pfquicsink", "pfudpsink", "udpsink",
  NULL };

/* ---- Finding ------------------------------------------------------------ */

/* Does the word name an element: first, or after an exclamation mark or a
 * reference to another element? */
static gboolean
names_element (gchar **words, guint i)
{
  return i == 0 || strcmp (words[i - 1], "!") == 0 ||
         g_str_has_suffix (words[i - 1], ".");
}

DocLine *
doc_line_new (const gchar *file, guint number, const gchar *text)
{
  DocLine *l = g_new0 (DocLine, 1);
  gchar **all = NULL, **words;

  l->file = g_strdup (file);
  l->number = number;
  l->text = g_strdup (text);
  if (!g_shell_parse_argv (text, NULL, &all, NULL))
    return l; /* running it will say so */
  for (words = all; *words && **words == '-'; words++)
    ; /* options */
  for (guint i = 0; words[i]; i++) {
    if (names_element (words, i) && g_strv_contains (receivers, words[i]))
      l->role = DOC_RECEIVER;
    if (names_element (words, i) && g_strv_contains (senders, words[i]))
      l->role = DOC_SENDER;
    if (names_element (words, i) && strcmp (words[i], "pfquicsink") == 0)
      l->listens = TRUE;
    if (names_element (words, i) && strcmp (words[i], "pfquicsrc") == 0)
      l->follows = TRUE;
    if (strcmp (words[i], "protocol=raw") == 0)
      l->listens = FALSE;
    if (names_element (words, i) && strcmp (words[i], "pfaesgcm") == 0)
      l->sealed = TRUE;
    if (g_str_has_prefix (words[i], "port=") && strcmp (words[i], "port=0")) {
      g_free (l->port);
      l->port = g_strdup (words[i] + 5);
    } else if (g_str_has_prefix (words[i], "key-file=")) {
      g_free (l->key_file);
      l->key_file = g_strdup (words[i] + 9);
    } else if (g_str_has_prefix (words[i], "session-file=")) {
      g_free (l->session_file);
      l->session_file = g_strdup (words[i] + 13);
    } else if (g_str_has_prefix (words[i], "punch=") ||
               g_str_has_prefix (words[i], "clients=")) {
      l->punches |= words[i][0] == 'p';
      if (!l->port)
        l->port = g_strdup (strrchr (words[i], ':') + 1);
    }
  }
  g_strfreev (all);
  return l;
}

void
doc_line_free (DocLine *l)
{
  g_free (l->file);
  g_free (l->text);
  g_free (l->port);
  g_free (l->key_file);
  g_free (l->session_file);
  g_free (l);
}

/* What a line of the file says, without what its kind of file puts in front;
 * NULL where no example can stand. */
static const gchar *
content (const gchar *line, gboolean is_c, gboolean *within)
{
  if (is_c) {
    if (!g_str_has_prefix (line, " *"))
      return NULL;
    line += line[2] == ' ' ? 3 : 2;
    if (g_str_has_prefix (line, "|["))
      *within = TRUE;
    else if (g_str_has_prefix (line, "]|"))
      *within = FALSE;
    return *within ? line : NULL;
  }
  return g_str_has_prefix (line, "    ") ? line : NULL;
}

static void
find_in_file (GPtrArray *found, const gchar *top, const gchar *name)
{
  const gboolean is_c = g_str_has_suffix (name, ".c");
  gchar *path = g_build_filename (top, name, NULL), *text = NULL;
  GString *whole = NULL;
  gboolean within = FALSE;
  gchar **lines;
  guint number = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_error ("cannot read %s", path);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    const gchar *at = content (lines[i], is_c, &within);
    gchar *part;
    gboolean more;

    if (!at && !whole)
      continue;
    part = g_strstrip (g_strdup (at ? at : ""));
    if (!whole) {
      const gchar *line =
          g_str_has_prefix (part, "./pf run ") ? part + 9 : part;

      if (!g_str_has_prefix (line, PROGRAM)) {
        g_free (part);
        continue;
      }
      whole = g_string_new (NULL);
      number = i + 1;
      memmove (
          part, line + strlen (PROGRAM), strlen (line + strlen (PROGRAM)) + 1);
    }
    more = g_str_has_suffix (part, "\\") || g_str_has_suffix (part, "!");
    if (g_str_has_suffix (part, "\\"))
      part[strlen (part) - 1] = 0;
    g_string_append_printf (whole, "%s ", part);
    g_free (part);
    if (!more || !at) {
      g_ptr_array_add (found, doc_line_new (name, number, whole->str));
      g_string_free (whole, TRUE);
      whole = NULL;
    }
  }
  g_strfreev (lines);
  g_free (text);
  g_free (path);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

/* Adds the names of files below the directory. */
static void
list (GPtrArray *names, const gchar *top, const gchar *directory,
    const gchar *suffix, guint depth)
{
  gchar *path = g_build_filename (top, directory, NULL);
  GDir *listing = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (listing && (name = g_dir_read_name (listing))) {
    gchar *file = g_build_filename (directory, name, NULL);
    gchar *full = g_build_filename (top, file, NULL);

    if (g_file_test (full, G_FILE_TEST_IS_DIR)) {
      if (depth > 0)
        list (names, top, file, suffix, depth - 1);
    } else if (g_str_has_suffix (name, suffix)) {
      g_ptr_array_add (names, g_strdup (file));
    }
    g_free (file);
    g_free (full);
  }
  if (listing)
    g_dir_close (listing);
  g_free (path);
}

GPtrArray *
doc_lines_find (const gchar *top)
{
  GPtrArray *found =
      g_ptr_array_new_with_free_func ((GDestroyNotify) doc_line_free);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  list (names, top, "docs", ".md", 2);
  list (names, top, "gst", ".c", 2);
  g_ptr_array_sort (names, compare);
  find_in_file (found, top, "README.md");
  for (guint i = 0; i < names->len; i++)
    find_in_file (found, top, names->pdata[i]);
  g_ptr_array_unref (names);
  return found;
}

/* ---- Exchanging --------------------------------------------------------- */

DocRun *
doc_run_new (const gchar *directory)
{
  DocRun *run = g_new0 (DocRun, 1);

  run->directory = g_strdup (directory);
  run->ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return run;
}

void
doc_run_free (DocRun *run)
{
  g_hash_table_unref (run->ports);
  g_free (run->directory);
  g_free (run);
}

/* Opens a socket of TYPE there; *PORT 0 becomes one that is free. -1: taken. */
static gint
take_port (gint type, guint *port)
{
  struct sockaddr_in6 at = { .sin6_family = AF_INET6,
    .sin6_port = htons ((guint16) *port) };
  socklen_t size = sizeof at;
  const gint fd = socket (AF_INET6, type | SOCK_CLOEXEC, 0);

  if (fd >= 0 && bind (fd, (struct sockaddr *) &at, sizeof at) == 0 &&
      getsockname (fd, (struct sockaddr *) &at, &size) == 0) {
    *port = ntohs (at.sin6_port);
    return fd;
  }
  if (fd >= 0)
    close (fd);
  return -1;
}

/* A port that nobody has, on all addresses, of UDP and of TCP: a line says by
 * its element which it is. 0: there is none. */
static guint
free_port (void)
{
  for (guint i = 0; i < 100; i++) {
    guint port = 0;
    const gint udp = take_port (SOCK_DGRAM, &port);
    const gint tcp = udp >= 0 ? take_port (SOCK_STREAM, &port) : -1;

    if (udp >= 0)
      close (udp);
    if (tcp < 0)
      continue;
    close (tcp);
    return port;
  }
  return 0;
}

guint
doc_run_port (DocRun *run, const gchar *port)
{
  const gchar *to = g_hash_table_lookup (run->ports, port);

  if (!to) {
    gchar *fresh = g_strdup_printf ("%u", free_port ());

    g_hash_table_insert (run->ports, g_strdup (port), fresh);
    to = fresh;
  }
  return (guint) g_ascii_strtoull (to, NULL, 10);
}

void
doc_run_keep_port (DocRun *run, const gchar *port)
{
  g_hash_table_insert (run->ports, g_strdup (port), g_strdup (port));
}

/* HOST or HOST:PORT, or several with commas. */
static gchar *
exchange_addresses (DocRun *run, const gchar *value)
{
  static const gchar *const pattern =
      "(192\\.0\\.2\\.[0-9]+|2001:db8:[0-9a-f:]+)";
  GRegex *r = g_regex_new (pattern, 0, 0, NULL);
  gchar **items = g_strsplit (value, ",", -1), *joined;

  for (guint i = 0; items[i]; i++) {
    const gchar *host = strchr (items[i], '[') ? "::1" : "127.0.0.1";
    gchar *text = g_regex_replace_literal (r, items[i], -1, 0, host, 0, NULL);
    gchar *colon = strrchr (text, ':');

    g_free (items[i]);
    /* a colon of an address without a port is no such colon */
    if (colon &&
        (text[0] == '[' ? colon[-1] == ']' : strchr (text, ':') == colon)) {
      items[i] = g_strdup_printf ("%.*s:%u", (gint) (colon - text), text,
          doc_run_port (run, colon + 1));
      g_free (text);
    } else {
      items[i] = text;
    }
  }
  joined = g_strjoinv (",", items);
  g_strfreev (items);
  g_regex_unref (r);
  return joined;
}

gchar *
doc_run_file (DocRun *run, const gchar *path)
{
  gchar *flat = g_strdelimit (g_strdup (path), "/", '_');
  gchar *file = g_build_filename (run->directory, flat, NULL);

  g_free (flat);
  return file;
}

/* The word, or what stands for it. */
static gchar *
exchange_word (DocRun *run, const gchar *word)
{
  static const gchar *const files[] = { "key-file", "location", "session-file",
    NULL };
  static const gchar *const addresses[] = { "address", "clients", "host",
    "punch", "source", NULL };
  const gchar *value = strchr (word, '=');
  gchar *name, *to = NULL, *ret;

  if (!value)
    return g_strdup (word);
  name = g_strndup (word, (gsize) (value++ - word));
  if (strcmp (name, "port") == 0 && strcmp (value, "0") != 0)
    to = g_strdup_printf ("%u", doc_run_port (run, value));
  else if (g_strv_contains (files, name))
    to = doc_run_file (run, value);
  else if (g_strv_contains (addresses, name))
    to = exchange_addresses (run, value);
  ret = to ? g_strdup_printf ("%s=%s", name, to) : g_strdup (word);
  g_free (name);
  g_free (to);
  return ret;
}

gchar **
doc_run_argv (DocRun *run, const DocLine *line, const gchar *options)
{
  GStrvBuilder *all = g_strv_builder_new ();
  gchar **words = NULL, **ret;
  guint first = 0;

  if (!g_shell_parse_argv (line->text, NULL, &words, NULL))
    return NULL;
  ret = g_strsplit (options, " ", -1);
  g_strv_builder_addv (all, (const char **) ret);
  g_strfreev (ret);
  while (words[first] && words[first][0] == '-')
    first++; /* options of its own are among ours */
  for (guint i = first; words[i]; i++) {
    if (names_element (words + first, i - first) &&
        g_strv_contains (shown, words[i])) {
      g_strv_builder_add (all, "fakesink");
      g_strv_builder_add (all, "silent=false");
    } else {
      gchar *word = exchange_word (run, words[i]);

      g_strv_builder_add (all, word);
      g_free (word);
    }
  }
  ret = g_strv_builder_end (all);
  g_strv_builder_unref (all);
  g_strfreev (words);
  return ret;
}
