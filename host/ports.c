/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ports by name, and why one cannot be had; see ports.h. */
#include "ports.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gboolean
pf_ports_parse (const gchar *text, PfPorts *ports)
{
  PfPorts p = { 0, 0 };
  int end = -1;

  if (g_str_equal (text, "any")) {
    *ports = p;
    return TRUE;
  }
  if (sscanf (text, "%5u%n", &p.first, &end) != 1 || end < 0)
    return FALSE;
  p.last = p.first;
  if (text[end] == '-') {
    const gchar *more = text + end;

    end = -1;
    if (sscanf (more, "-%5u%n", &p.last, &end) != 1 || end < 0 || more[end])
      return FALSE;
  } else if (text[end]) {
    return FALSE;
  }
  if (p.first < 1 || p.last < p.first || p.last > 65535)
    return FALSE;
  *ports = p;
  return TRUE;
}

static gboolean
is_taken_at (GInetAddress *address, guint port)
{
  g_autoptr (GSocketAddress) at = g_inet_socket_address_new (address, port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket =
      g_socket_new (g_inet_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
          G_SOCKET_PROTOCOL_UDP, NULL);

  return socket && !g_socket_bind (socket, at, FALSE, &error) &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

gboolean
pf_port_is_taken (const gchar *address, guint port)
{
  const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV6,
    G_SOCKET_FAMILY_IPV4 };
  gboolean taken = FALSE;

  if (address) {
    g_autoptr (GInetAddress) one = g_inet_address_new_from_string (address);

    return one && is_taken_at (one, port);
  }
  for (guint i = 0; i < G_N_ELEMENTS (families) && !taken; i++) {
    g_autoptr (GInetAddress) any = g_inet_address_new_any (families[i]);

    taken = is_taken_at (any, port);
  }
  return taken;
}

/* Inodes of the sockets that are bound to the port, " N N ". */
static void
find_inodes (const gchar *table, guint port, GString *inodes)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (table, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] && lines[i]; i++) {
    g_auto (GStrv) words = g_strsplit (g_strstrip (lines[i]), " ", -1);
    g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
    g_auto (GStrv) fields = NULL;
    const gchar *colon;

    for (guint j = 0; words[j]; j++)
      if (*words[j])
        g_strv_builder_add (builder, words[j]);
    fields = g_strv_builder_end (builder);
    /* sl local remote st queues timer retransmit uid timeout inode */
    if (g_strv_length (fields) < 10)
      continue;
    colon = strrchr (fields[1], ':');
    if (colon && g_ascii_strtoull (colon + 1, NULL, 16) == port)
      g_string_append_printf (inodes, "%s ", fields[9]);
  }
}

static gboolean
holds_socket (const gchar *pid, const gchar *inodes)
{
  g_autofree gchar *fds = g_build_filename ("/proc", pid, "fd", NULL);
  g_autoptr (GDir) dir = g_dir_open (fds, 0, NULL);
  const gchar *fd;

  while (dir && (fd = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (fds, fd, NULL);
    g_autofree gchar *target = g_file_read_link (path, NULL);
    g_autofree gchar *word = NULL;

    if (!target || !g_str_has_prefix (target, "socket:[") ||
        !g_str_has_suffix (target, "]"))
      continue;
    target[strlen (target) - 1] = '\0';
    word = g_strdup_printf (" %s ", target + strlen ("socket:["));
    if (strstr (inodes, word))
      return TRUE;
  }
  return FALSE;
}

gchar *
pf_port_owner (guint port)
{
  static const gchar *const tables[] = { "/proc/net/udp", "/proc/net/udp6",
    "/proc/net/tcp", "/proc/net/tcp6" };
  g_autoptr (GString) inodes = g_string_new (" ");
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const gchar *pid;

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    find_inodes (tables[i], port, inodes);
  while (dir && (pid = g_dir_read_name (dir))) {
    g_autofree gchar *path = NULL, *name = NULL;

    if (!g_ascii_isdigit (*pid) || !holds_socket (pid, inodes->str))
      continue;
    path = g_build_filename ("/proc", pid, "comm", NULL);
    g_file_get_contents (path, &name, NULL, NULL);
    return g_strdup_printf (
        "%s (process %s)", name ? g_strstrip (name) : "a program", pid);
  }
  return NULL;
}
