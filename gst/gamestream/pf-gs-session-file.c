/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sessions told by a file; see pf-gs-session-file.h. */
#include "pf-gs-session-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXT 1024

/* Only as long as it is written: the key stands in it. */
static int
format (gchar text[MAX_TEXT], guint rtsp_port, const PfGsHubLaunch *launch,
    const PfGsHostOffer *offer)
{
  const PfKey *key = pf_secret_key (launch->key);
  gchar hex[2 * PF_GS_KEY_SIZE + 1];
  int n;

  for (guint i = 0; i < PF_GS_KEY_SIZE; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", key->key[i]);
  n = g_snprintf (text, MAX_TEXT,
      "[session]\n"
      "scheme=%s\n"
      "rtsp-port=%u\nvideo-port=%u\ncontrol-port=%u\naudio-port=%u\n"
      "rikey=%s\nrikeyid=%d\n"
      "ping-payload=%s\nconnect-data=%u\n"
      "codec-support=%u\n",
      launch->sealed_rtsp ? "rtspenc" : "rtsp", rtsp_port, offer->video_port,
      offer->control_port, offer->audio_port, hex, (gint32) launch->key_id,
      offer->ping_payload, offer->connect_data, offer->codecs);
  pf_wipe (hex, sizeof hex);
  return n;
}

static gboolean
write_all (int fd, const gchar *text, gsize size)
{
  while (size > 0) {
    const gssize n = write (fd, text, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    text += n;
    size -= (gsize) n;
  }
  return TRUE;
}

/* Never into a file that was there, nor through a link: a new one takes the
 * name when it is whole. */
gboolean
pf_gs_session_file_write (const gchar *path, guint rtsp_port,
    const PfGsHubLaunch *launch, const PfGsHostOffer *offer, GError **error)
{
  g_autofree gchar *temporary = g_strconcat (path, ".XXXXXX", NULL);
  gchar text[MAX_TEXT];
  const int n = format (text, rtsp_port, launch, offer);
  const int fd = g_mkstemp_full (
      temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  gboolean ok;
  int e;

  ok = fd >= 0 && n > 0 && n < MAX_TEXT && fchmod (fd, 0600) == 0 &&
       write_all (fd, text, (gsize) n) && rename (temporary, path) == 0;
  e = errno;
  pf_wipe (text, sizeof text);
  if (fd >= 0)
    close (fd);
  if (ok)
    return TRUE;
  if (fd >= 0)
    unlink (temporary);
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
      "cannot write session-file %s: %s", path, g_strerror (e));
  return FALSE;
}
