/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files that say whom to trust; see pf-store.h. */
#include "pf-store.h"

#include "pf-conf.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64
#define FINGERPRINT_DIGITS 64

static gboolean
set_error (GError **error, const gchar *path, const gchar *why)
{
  g_set_error (
      error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE, "%s: %s", path, why);
  return FALSE;
}

/* ---- Text ---------------------------------------------------------------- */

gboolean
pf_store_is_bearable (const gchar *text, gsize size)
{
  gboolean quoted = FALSE;
  guint depth = 0;

  if (size > PF_STORE_SIZE_MAX || memchr (text, 0, size))
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    if (quoted && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && (text[i] == '[' || text[i] == '{') &&
             ++depth > PF_STORE_DEPTH_MAX)
      return FALSE;
    else if (!quoted && (text[i] == ']' || text[i] == '}') && depth-- == 0)
      return FALSE;
  }
  return TRUE;
}

JsonObject *
pf_store_parse (const gchar *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;

  if (!pf_store_is_bearable (text, size) ||
      !g_utf8_validate_len (text, size, NULL)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
        "too large, too deep, or no text");
    return NULL;
  }
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, (gssize) size, error))
    return NULL;
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (
        error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX, "no JSON object");
    return NULL;
  }
  return json_object_ref (json_node_get_object (root));
}

static gboolean
is_plain (gunichar c)
{
  return g_unichar_isprint (c) && !g_unichar_ismark (c);
}

gchar *
pf_store_clean_name (const gchar *name, const gchar *fingerprint)
{
  GString *out = g_string_new (NULL);
  gboolean blank = FALSE;

  for (; name && *name; name = g_utf8_next_char (name)) {
    const gunichar c = g_utf8_get_char_validated (name, -1);
    gchar utf8[6];
    gint n;

    if (c == (gunichar) -1 || c == (gunichar) -2)
      break;
    if (g_unichar_isspace (c)) {
      blank = out->len > 0;
      continue;
    }
    if (!is_plain (c) && !(g_unichar_ismark (c) && out->len > 0))
      continue;
    n = g_unichar_to_utf8 (c, utf8);
    if (out->len + blank + (gsize) n > NAME_MAX_BYTES)
      break;
    if (blank)
      g_string_append_c (out, ' ');
    blank = FALSE;
    g_string_append_len (out, utf8, n);
  }
  if (out->len == 0)
    g_string_printf (
        out, "device %.8s", fingerprint ? fingerprint : "without name");
  return g_string_free (out, FALSE);
}

gchar *
pf_store_fingerprint (const gchar *text)
{
  GString *out = g_string_sized_new (FINGERPRINT_DIGITS + 1);

  for (; text && *text; text++) {
    if (*text == ':' && out->len > 0 && out->len % 2 == 0)
      continue;
    if (!g_ascii_isxdigit (*text) || out->len == FINGERPRINT_DIGITS)
      break;
    g_string_append_c (out, g_ascii_tolower (*text));
  }
  if (text && !*text && out->len == FINGERPRINT_DIGITS)
    return g_string_free (out, FALSE);
  g_string_free (out, TRUE);
  return NULL;
}

/* ---- Reading ------------------------------------------------------------- */

static gboolean
check_file (int fd, const gchar *path, gsize *size, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return set_error (error, path, g_strerror (errno));
  if (!S_ISREG (st.st_mode) || st.st_uid != geteuid ())
    return set_error (error, path, "is no file of this user");
  if (st.st_size > PF_STORE_SIZE_MAX)
    return set_error (error, path, "is too large");
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) && fchmod (fd, 0600) < 0)
    return set_error (error, path, "others have access to it");
  *size = (gsize) st.st_size;
  return TRUE;
}

static gchar *
read_all (int fd, gsize size, gsize *got)
{
  gchar *text = g_malloc (size + 1);
  gsize at = 0;

  while (at < size) {
    const ssize_t n = read (fd, text + at, size - at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    at += (gsize) n;
  }
  text[at] = '\0';
  *got = at;
  return text;
}

JsonObject *
pf_store_load (const gchar *path, GError **error)
{
  const int fd =
      open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  g_autofree gchar *text = NULL;
  JsonObject *object;
  gsize size = 0;

  if (fd < 0) {
    if (errno != ENOENT)
      set_error (error, path, g_strerror (errno));
    return NULL;
  }
  if (check_file (fd, path, &size, error))
    text = read_all (fd, size, &size);
  close (fd);
  if (!text)
    return NULL;
  object = pf_store_parse (text, size, error);
  if (!object)
    g_prefix_error (error, "%s: ", path);
  return object;
}

/* ---- Writing ------------------------------------------------------------- */

static gboolean
write_all (int fd, const gchar *text, gsize size)
{
  while (size > 0) {
    const ssize_t n = write (fd, text, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    text += n;
    size -= (gsize) n;
  }
  return TRUE;
}

/* The name too is to be there when the machine stops. */
static void
sync_directory (const gchar *directory)
{
  const int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

static gboolean
replace (const gchar *path, const gchar *text, GError **error)
{
  g_autofree gchar *temporary = g_strconcat (path, ".XXXXXX", NULL);
  const int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  gboolean good;

  if (fd < 0)
    return set_error (error, path, g_strerror (errno));
  good = fchmod (fd, 0600) == 0 && write_all (fd, text, strlen (text)) &&
         fsync (fd) == 0;
  if (close (fd) < 0 || !good || g_rename (temporary, path) < 0) {
    set_error (error, path, g_strerror (errno));
    g_unlink (temporary);
    return FALSE;
  }
  return TRUE;
}

gboolean
pf_store_save (const gchar *path, JsonObject *object, GError **error)
{
  g_autofree gchar *directory = g_path_get_dirname (path);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL, *line = NULL;

  if (g_mkdir_with_parents (directory, 0700) < 0)
    return set_error (error, directory, g_strerror (errno));
  json_node_set_object (root, object);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  text = json_generator_to_data (generator, NULL);
  line = g_strconcat (text, "\n", NULL);
  if (strlen (line) > PF_STORE_SIZE_MAX)
    return set_error (error, path, "would be too large");
  if (!replace (path, line, error))
    return FALSE;
  sync_directory (directory);
  return TRUE;
}
