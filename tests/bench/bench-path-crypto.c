/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sealing and opening of a block. All contenders get the same packets in the
 * same kind of memory, cut by pffecenc and, to be opened, sealed by pfaesgcm;
 * that is not timed.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bench-path-gst.h"
#include "bench-path.h"
#include "pf-aead.h"

typedef struct {
  const PathCase *c;
  const PfWire *wire;
  PathChain *before; /* makes packets */
  GPtrArray *blocks; /* that it made */
  PfSlabPool *pool;
  GstBuffer *block; /* all of them together */
  guint8 *payload;
  gchar *key_file;
  gboolean opens;

  PathChain *chain; /* that is timed */
  guint done;       /* packets that came out of it */
  gsize size;       /* of one of them */

  EVP_CIPHER *cipher;
  EVP_CIPHER_CTX *ctx;
  guint64 number;
  PfSealer *sealer;
  PfAead *opener;
  PfWireSealed *sealed; /* where things lie in each packet */
} Crypto;

static void
keep_block (gpointer data, GstBuffer *buffer)
{
  g_ptr_array_add (((Crypto *) data)->blocks, buffer);
}

static void
count_block (gpointer data, GstBuffer *buffer)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (buffer);
  Crypto *x = data;

  x->done += m ? m->n : 0;
  x->size = m ? m->size : 0;
  gst_buffer_unref (buffer);
}

static void
crypto_free (gpointer data, PathFacts *facts)
{
  Crypto *x = data;

  if (facts && x->chain) {
    facts->copies = path_chain_stat (x->chain, "x", "copies");
    facts->allocations = path_chain_stat (x->chain, "x", "allocations");
  }
  path_chain_free (x->chain);
  path_chain_free (x->before);
  g_ptr_array_unref (x->blocks);
  if (x->block)
    gst_buffer_unref (x->block);
  pf_slab_pool_free (x->pool);
  EVP_CIPHER_CTX_free (x->ctx);
  EVP_CIPHER_free (x->cipher);
  pf_sealer_free (x->sealer);
  pf_aead_free (x->opener);
  path_key_free (x->key_file);
  g_free (x->sealed);
  g_free (x->payload);
  g_free (x);
}

static Crypto *
crypto_new (const PathCase *c)
{
  gchar *settings = path_enc_settings (c->wire, 0), *line;
  Crypto *x = g_new0 (Crypto, 1);

  x->c = c;
  x->wire = pf_wire_find (c->wire);
  x->opens = c->op == PATH_OPEN;
  x->payload = path_noise (c->n * PATH_PAYLOAD);
  x->key_file = path_key_new ();
  x->pool = pf_slab_pool_new ();
  x->blocks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  x->sealed = g_new0 (PfWireSealed, c->n);
  line = x->opens ? g_strdup_printf ("pffecenc %s ! pfaesgcm key-file=%s",
                        settings, x->key_file)
                  : g_strdup_printf ("pffecenc %s", settings);
  x->before = path_chain_new (line, PATH_MEDIA, keep_block, x);
  g_free (line);
  g_free (settings);
  if (!x->before) {
    crypto_free (x, NULL);
    return NULL;
  }
  return x;
}

/* Packets as they come in. */
static gboolean
prepare (Crypto *x)
{
  const gsize size = x->c->n * PATH_PAYLOAD - x->wire->preamble_size;
  const PfBlockMeta *m;

  /* a new frame shares no memory with the one before */
  if (x->block)
    gst_buffer_unref (x->block);
  gst_pad_push (x->before->in, path_frame (x->payload, size, 0));
  x->block = path_gather (x->pool, x->blocks);
  m = x->block ? pf_buffer_get_block_meta (x->block) : NULL;
  return m && m->n == x->c->n;
}

/* ---- pfaesgcm ----------------------------------------------------------- */

static gpointer
element_new (const PathCase *c, const gchar *mode)
{
  Crypto *x = crypto_new (c);
  gchar *line, *fields, *caps;

  if (!x)
    return NULL;
  /* to open, it is the file that the sealer before wrote */
  line =
      g_strdup_printf ("pfaesgcm name=x mode=%s key-file=%s forbid-copy=true",
          mode, x->key_file);
  fields = path_fields (c->wire, x->opens);
  caps = g_strdup_printf ("application/x-pf-block,%s", fields);
  x->chain = path_chain_new (line, caps, count_block, x);
  g_free (caps);
  g_free (fields);
  g_free (line);
  if (!x->chain) {
    crypto_free (x, NULL);
    return NULL;
  }
  return x;
}

static gpointer
seal_element_new (const PathCase *c)
{
  return element_new (c, "seal");
}

static gpointer
open_element_new (const PathCase *c)
{
  return element_new (c, "open");
}

static gpointer
none_element_new (const PathCase *c)
{
  return element_new (c, "none");
}

static PathStatus
element_once (gpointer data, PathSample *s)
{
  Crypto *x = data;
  double wall, cpu;
  GstFlowReturn ret;
  GstBuffer *block;

  if (!prepare (x))
    return PATH_WRONG;
  block = x->block;
  x->block = NULL;
  x->done = 0;
  wall = path_now ();
  cpu = path_cpu ();
  ret = gst_pad_push (x->chain->in, block);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return ret == GST_FLOW_OK && x->done == x->c->n ? PATH_OK : PATH_WRONG;
}

/* ---- OpenSSL and libpf on the rows of a block --------------------------- */

/* What the sealer wrote: pf-media-key 1 CIPHER KEY SALT. */
static gboolean
read_key (const gchar *path, guint8 key[16], guint8 salt[4])
{
  gchar *text = NULL, **words = NULL;
  gboolean ok = FALSE;

  if (g_file_get_contents (path, &text, NULL, NULL))
    words = g_strsplit (g_strstrip (text), " ", 0);
  if (words && g_strv_length (words) == 5 && strlen (words[3]) == 32 &&
      strlen (words[4]) == 8) {
    ok = TRUE;
    for (guint i = 0; i < 20 && ok; i++) {
      const gchar *at = i < 16 ? words[3] + 2 * i : words[4] + 2 * (i - 16);
      unsigned byte = 0;

      ok = sscanf (at, "%2x", &byte) == 1;
      if (i < 16)
        key[i] = (guint8) byte;
      else
        salt[i - 16] = (guint8) byte;
    }
  }
  g_strfreev (words);
  g_free (text);
  return ok;
}

static gpointer
bare_new (const PathCase *c, gboolean libpf)
{
  Crypto *x = crypto_new (c);
  guint8 key[16] = { 1, 2, 3 };
  PfNonceSource source = { .scheme = PF_NONCE_PUNKTFUNK1_HOST };
  gboolean ok = x != NULL;

  if (!x)
    return NULL;
  if (strcmp (c->wire, "gamestream") == 0)
    source.scheme = PF_NONCE_GAMESTREAM_VIDEO;
  if (x->opens)
    ok = read_key (x->key_file, key, source.salt);
  if (libpf && x->opens) {
    ok = ok && pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key, sizeof key,
                   &x->opener) == 0;
  } else if (libpf) {
    ok = ok && pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key, sizeof key,
                   &x->sealer) == 0;
  } else {
    x->cipher = EVP_CIPHER_fetch (NULL, "AES-128-GCM", NULL);
    x->ctx = EVP_CIPHER_CTX_new ();
    ok = ok && x->cipher && x->ctx &&
         EVP_CipherInit_ex (
             x->ctx, x->cipher, NULL, key, NULL, x->opens ? 0 : 1);
  }
  if (!ok) {
    crypto_free (x, NULL);
    return NULL;
  }
  return x;
}

static gpointer
openssl_new (const PathCase *c)
{
  return bare_new (c, FALSE);
}

static gpointer
libpf_new (const PathCase *c)
{
  return bare_new (c, TRUE);
}

/* The least that a sealed packet takes: IV, AAD, update, final, tag. */
static gboolean
openssl_seal (Crypto *x, guint8 *packet, gsize size)
{
  guint8 *prefix = packet - x->wire->seal_prefix, rest[16];
  guint8 *tag =
      x->wire->seal_tag >= 0 ? prefix + x->wire->seal_tag : packet + size;
  guint8 iv[12] = { 0 };
  int n;

  x->number++;
  memcpy (iv + 4, &x->number, sizeof x->number);
  memcpy (prefix, &x->number, sizeof x->number);
  return EVP_CipherInit_ex (x->ctx, NULL, NULL, NULL, iv, -1) &&
         (!x->wire->seal_aad ||
             EVP_CipherUpdate (x->ctx, NULL, &n, prefix, x->wire->seal_aad)) &&
         EVP_CipherUpdate (x->ctx, packet, &n, packet, (int) size) &&
         EVP_CipherFinal_ex (x->ctx, rest, &n) &&
         EVP_CIPHER_CTX_ctrl (x->ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag) > 0;
}

static gboolean
openssl_open (Crypto *x, guint8 *datagram, const PfWireSealed *s)
{
  guint8 *body = datagram + s->body, rest[16];
  int n;

  return EVP_CipherInit_ex (x->ctx, NULL, NULL, NULL, s->nonce, -1) &&
         (!s->aad_size || EVP_CipherUpdate (x->ctx, NULL, &n, datagram + s->aad,
                              (int) s->aad_size)) &&
         EVP_CipherUpdate (x->ctx, body, &n, body, (int) s->body_size) &&
         EVP_CIPHER_CTX_ctrl (
             x->ctx, EVP_CTRL_AEAD_SET_TAG, 16, datagram + s->tag) > 0 &&
         EVP_CipherFinal_ex (x->ctx, rest, &n) > 0;
}

static gboolean
libpf_open (Crypto *x, guint8 *datagram, const PfWireSealed *s)
{
  const PfAeadSpan span = { datagram + s->body, s->body_size };

  return pf_aead_open (x->opener, s->nonce, datagram + s->aad, s->aad_size,
             &span, 1, datagram + s->tag, PF_AEAD_TAG_SIZE) == 0;
}

static gboolean
do_row (Crypto *x, guint8 *bytes, gsize size, guint i)
{
  const PfAeadSpan span = { bytes, size };

  if (x->opens)
    return x->opener ? libpf_open (x, bytes, &x->sealed[i])
                     : openssl_open (x, bytes, &x->sealed[i]);
  if (!x->sealer)
    return openssl_seal (x, bytes, size);
  return pf_sealer_seal_packet (x->sealer, x->wire,
             bytes - x->wire->seal_prefix, &span, 1, bytes + size) == 0;
}

static gboolean
find_parts (Crypto *x, guint8 *rows, const PfBlockMeta *m)
{
  PfNonceSource source = { .scheme = PF_NONCE_PUNKTFUNK1_HOST };
  guint8 key[16];

  if (strcmp (x->c->wire, "gamestream") == 0)
    source.scheme = PF_NONCE_GAMESTREAM_VIDEO;
  if (!read_key (x->key_file, key, source.salt))
    return FALSE;
  for (guint i = 0; i < m->n; i++) {
    if (x->wire->open (&source, x->number, rows + i * m->stride + m->offset,
            m->size, &x->sealed[i]) < 0)
      return FALSE;
    x->number = MAX (x->number, x->sealed[i].number);
  }
  return TRUE;
}

static PathStatus
bare_once (gpointer data, PathSample *s)
{
  Crypto *x = data;
  gboolean ok = TRUE;
  const PfBlockMeta *m;
  GstMemory *memory;
  double wall, cpu;
  GstMapInfo map;

  if (!prepare (x))
    return PATH_WRONG;
  m = pf_buffer_get_block_meta (x->block);
  memory = gst_buffer_peek_memory (x->block, 0);
  if (!gst_memory_map (memory, &map, GST_MAP_READWRITE))
    return PATH_WRONG;
  if (x->opens)
    ok = find_parts (x, map.data, m);
  wall = path_now ();
  cpu = path_cpu ();
  for (guint i = 0; i < m->n && ok; i++)
    ok = do_row (x, map.data + i * m->stride + m->offset, m->size, i);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  gst_memory_unmap (memory, &map);
  return ok ? PATH_OK : PATH_WRONG;
}

const PathContender path_seal[] = {
  { "pfaesgcm", seal_element_new, element_once, crypto_free },
  { "openssl", openssl_new, bare_once, crypto_free },
  { "libpf", libpf_new, bare_once, crypto_free },
  { "mode=none", none_element_new, element_once, crypto_free },
};
const guint path_n_seal = G_N_ELEMENTS (path_seal);

const PathContender path_open[] = {
  { "pfaesgcm", open_element_new, element_once, crypto_free },
  { "openssl", openssl_new, bare_once, crypto_free },
  { "libpf", libpf_new, bare_once, crypto_free },
};
const guint path_n_open = G_N_ELEMENTS (path_open);
