/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where keys come from; see pf-key.h. */
#include "pf-key.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

/* A line has 113 bytes at most; more is no key file. */
#define LINE_MAX_SIZE 160
#define FD_WAIT_US G_USEC_PER_SEC

static const gchar magic[] = "pf-media-key 1 ";

static const struct {
  PfAeadCipher cipher;
  const gchar *name;
} ciphers[] = {
  { PF_AEAD_AES_128_GCM, "aes-128-gcm " },
  { PF_AEAD_CHACHA20_POLY1305, "chacha20-poly1305 " },
};

void
pf_key_clear (PfKey *key)
{
  pf_wipe (key, sizeof *key);
}

gboolean
pf_key_equal (const PfKey *a, const PfKey *b)
{
  return a->cipher == b->cipher &&
         memcmp (a->key, b->key, pf_aead_key_size (a->cipher)) == 0 &&
         memcmp (a->salt, b->salt, sizeof a->salt) == 0;
}

static gboolean
fill_random (guint8 *bytes, gsize size)
{
  while (size > 0) {
    gssize n = getrandom (bytes, size, 0);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    bytes += n;
    size -= (gsize) n;
  }
  return TRUE;
}

gboolean
pf_key_generate (PfKey *key, PfAeadCipher cipher, GError **error)
{
  PfKey k = { .cipher = cipher };

  if (!fill_random (k.key, pf_aead_key_size (cipher)) ||
      !fill_random (k.salt, sizeof k.salt)) {
    pf_key_clear (&k);
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "The system gives no random numbers for a key: %s", g_strerror (errno));
    return FALSE;
  }
  *key = k;
  pf_key_clear (&k);
  return TRUE;
}

/* ---- The line ------------------------------------------------------------ */

static gchar *
put_text (gchar *at, const gchar *text)
{
  const gsize n = strlen (text);

  memcpy (at, text, n);
  return at + n;
}

static gchar *
put_hex (gchar *at, const guint8 *bytes, gsize n)
{
  static const gchar digits[] = "0123456789abcdef";

  for (gsize i = 0; i < n; i++) {
    *at++ = digits[bytes[i] >> 4];
    *at++ = digits[bytes[i] & 15];
  }
  return at;
}

static gsize
format_line (const PfKey *key, gchar line[LINE_MAX_SIZE])
{
  gchar *at = put_text (line, magic);

  for (guint i = 0; i < G_N_ELEMENTS (ciphers); i++)
    if (ciphers[i].cipher == key->cipher)
      at = put_text (at, ciphers[i].name);
  at = put_hex (at, key->key, pf_aead_key_size (key->cipher));
  *at++ = ' ';
  at = put_hex (at, key->salt, sizeof key->salt);
  *at++ = '\n';
  return (gsize) (at - line);
}

static gboolean
take_text (const gchar **at, const gchar *end, const gchar *text)
{
  const gsize n = strlen (text);

  if ((gsize) (end - *at) < n || memcmp (*at, text, n) != 0)
    return FALSE;
  *at += n;
  return TRUE;
}

static gboolean
take_hex (const gchar **at, const gchar *end, guint8 *bytes, gsize n)
{
  if ((gsize) (end - *at) < 2 * n)
    return FALSE;
  for (gsize i = 0; i < n; i++, *at += 2) {
    const gint high = g_ascii_xdigit_value ((*at)[0]);
    const gint low = g_ascii_xdigit_value ((*at)[1]);

    if (high < 0 || low < 0)
      return FALSE;
    bytes[i] = (guint8) (high << 4 | low);
  }
  return TRUE;
}

/* The line may end in a newline; nothing may follow. */
static gboolean
parse_line (const gchar *line, gsize size, PfKey *key)
{
  const gchar *at = line, *end = line + size;
  PfKey k = { 0 };
  gboolean good = FALSE;

  if (end > line && end[-1] == '\n')
    end--;
  if (!take_text (&at, end, magic))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (ciphers) && !k.cipher; i++)
    if (take_text (&at, end, ciphers[i].name))
      k.cipher = ciphers[i].cipher;
  good = k.cipher && take_hex (&at, end, k.key, pf_aead_key_size (k.cipher)) &&
         take_text (&at, end, " ") &&
         take_hex (&at, end, k.salt, sizeof k.salt) && at == end;
  if (good)
    *key = k;
  pf_key_clear (&k);
  return good;
}

/* ---- Files --------------------------------------------------------------- */

static PfKeyStamp
make_stamp (const struct stat *st)
{
  return (PfKeyStamp){
    .device = st->st_dev,
    .inode = st->st_ino,
    .modified_ns = st->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) +
                   st->st_mtim.tv_nsec,
    .changed_ns = st->st_ctim.tv_sec * G_GINT64_CONSTANT (1000000000) +
                  st->st_ctim.tv_nsec,
  };
}

static gboolean
write_all (gint fd, const gchar *bytes, gsize size)
{
  while (size > 0) {
    gssize n = write (fd, bytes, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    bytes += n;
    size -= (gsize) n;
  }
  return TRUE;
}

/* A new file in the directory, whose name is made in temporary. */
static gint
create_temporary (gint dir, const gchar *base, gchar **temporary)
{
  for (guint tries = 0; tries < 16; tries++) {
    guint8 random[8];
    gchar hex[2 * sizeof random + 1] = { 0 };
    gchar *name;
    gint fd;

    if (!fill_random (random, sizeof random))
      return -1;
    put_hex (hex, random, sizeof random);
    name = g_strdup_printf (".%s.%s", base, hex);
    fd = openat (
        dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
      *temporary = name;
      return fd;
    }
    g_free (name);
    if (errno != EEXIST)
      return -1;
  }
  return -1;
}

gboolean
pf_key_file_write (const gchar *path, const PfKey *key, GError **error)
{
  g_autofree gchar *dir_name = g_path_get_dirname (path);
  g_autofree gchar *base = g_path_get_basename (path);
  g_autofree gchar *temporary = NULL;
  gchar line[LINE_MAX_SIZE];
  gint dir = -1, fd = -1;
  gboolean done = FALSE;
  struct stat st;
  gsize size;

  dir = open (dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
        "Cannot open the directory of key-file %s: %s", path,
        g_strerror (errno));
    goto out;
  }
  if (fstatat (dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG (st.st_mode)) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
        "key-file %s is there and is no plain file: remove it or set another",
        path);
    goto out;
  }
  fd = create_temporary (dir, base, &temporary);
  if (fd < 0) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
        "Cannot make key-file %s: %s", path, g_strerror (errno));
    goto out;
  }
  size = format_line (key, line);
  done = fchmod (fd, 0600) == 0 && write_all (fd, line, size) &&
         renameat (dir, temporary, dir, base) == 0;
  pf_wipe (line, sizeof line);
  if (!done) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
        "Cannot write key-file %s: %s", path, g_strerror (errno));
    unlinkat (dir, temporary, 0);
  }

out:
  if (fd >= 0)
    close (fd);
  if (dir >= 0)
    close (dir);
  return done;
}

/* All bytes until a newline, the end, or size of them; -1 on failure, with
 * errno. Waits no longer than FD_WAIT_US in all. */
static gssize
read_line (gint fd, gchar *line, gsize size)
{
  const gint64 end = g_get_monotonic_time () + FD_WAIT_US;
  gsize have = 0;

  while (have < size && !memchr (line, '\n', have)) {
    struct pollfd p = { .fd = fd, .events = POLLIN };
    const gint64 left = end - g_get_monotonic_time ();
    gssize n;
    gint ready = poll (&p, 1, left > 0 ? (gint) (left / 1000) : 0);

    if (ready < 0 && errno == EINTR)
      continue;
    if (ready == 0)
      errno = ETIMEDOUT;
    if (ready <= 0)
      return -1;
    n = read (fd, line + have, size - have);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    have += (gsize) n;
  }
  return (gssize) have;
}

static gboolean
check_file (const gchar *path, const struct stat *st, GError **error)
{
  if (!S_ISREG (st->st_mode))
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-file %s is no plain file", path);
  else if (st->st_uid != geteuid ())
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-file %s belongs to somebody else", path);
  else if (st->st_mode & 077)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-file %s is open to others than its owner: close it (chmod 600) "
        "and have a fresh key made",
        path);
  else
    return TRUE;
  return FALSE;
}

gboolean
pf_key_file_read (
    const gchar *path, PfKey *key, PfKeyStamp *stamp, GError **error)
{
  gint fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  gchar line[LINE_MAX_SIZE];
  gboolean good = FALSE;
  struct stat st;
  gssize n;

  if (fd < 0) {
    if (errno == ENOENT)
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
          "There is no key-file %s", path);
    else if (errno == ELOOP)
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "key-file %s is a symbolic link: set the file itself", path);
    else
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
          "Cannot open key-file %s: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (fstat (fd, &st) < 0) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
        "Cannot look at key-file %s: %s", path, g_strerror (errno));
    goto out;
  }
  *stamp = make_stamp (&st);
  if (!check_file (path, &st, error))
    goto out;
  n = read_line (fd, line, sizeof line);
  good = n > 0 && parse_line (line, (gsize) n, key);
  pf_wipe (line, sizeof line);
  if (!good)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-file %s holds no key", path);

out:
  close (fd);
  return good;
}

gboolean
pf_key_file_changed (const gchar *path, const PfKeyStamp *stamp)
{
  struct stat st;
  PfKeyStamp now;

  if (lstat (path, &st) < 0)
    return FALSE;
  now = make_stamp (&st);
  return now.device != stamp->device || now.inode != stamp->inode ||
         now.modified_ns != stamp->modified_ns ||
         now.changed_ns != stamp->changed_ns;
}

gboolean
pf_key_fd_read (gint fd, gboolean sealing, PfKey *key, GError **error)
{
  gchar line[LINE_MAX_SIZE];
  gboolean good;
  struct stat st;
  gssize n;

  if (fstat (fd, &st) < 0) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-fd %d is no open descriptor", fd);
    return FALSE;
  }
  if (sealing && S_ISREG (st.st_mode)) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "key-fd %d is a file, whose key could seal twice: hand a fresh key "
        "through a pipe, or have one made with key-file",
        fd);
    return FALSE;
  }
  n = read_line (fd, line, sizeof line);
  if (n < 0) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "Cannot read a key from key-fd %d: %s", fd, g_strerror (errno));
    pf_wipe (line, sizeof line);
    return FALSE;
  }
  good = parse_line (line, (gsize) n, key);
  pf_wipe (line, sizeof line);
  if (!good)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "What comes from key-fd %d is no key", fd);
  return good;
}

/* ---- Keys that were used ------------------------------------------------- */

typedef struct {
  guint8 digest[SHA256_DIGEST_LENGTH];
} Used;

static guint
used_hash (gconstpointer used)
{
  guint hash;

  memcpy (&hash, ((const Used *) used)->digest, sizeof hash);
  return hash;
}

static gboolean
used_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Used)) == 0;
}

gboolean
pf_key_claim (const PfKey *key, PfNonceScheme scheme)
{
  static GMutex lock;
  static GHashTable *used; /* lock */
  struct {
    guint8 scheme, salt[PF_NONCE_SALT_SIZE], key[PF_AEAD_KEY_MAX];
  } nonces = { .scheme = (guint8) scheme };
  Used *u = g_new0 (Used, 1);
  gboolean fresh;

  /* The salt as far as nonces hold it: its first bit is the direction. */
  if (scheme <= PF_NONCE_PUNKTFUNK1_CLIENT) {
    memcpy (nonces.salt, key->salt, sizeof nonces.salt);
    nonces.salt[0] &= 0x7f;
  }
  memcpy (nonces.key, key->key, pf_aead_key_size (key->cipher));
  SHA256 ((const guint8 *) &nonces, sizeof nonces, u->digest);
  pf_wipe (&nonces, sizeof nonces);

  g_mutex_lock (&lock);
  if (!used)
    used = g_hash_table_new_full (used_hash, used_equal, g_free, NULL);
  fresh = !g_hash_table_contains (used, u);
  if (fresh)
    g_hash_table_add (used, u);
  g_mutex_unlock (&lock);
  if (!fresh)
    g_free (u);
  return fresh;
}
