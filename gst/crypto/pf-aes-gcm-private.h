/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of pfaesgcm share: the element, its keys, work on packets. */
#ifndef PF_AES_GCM_PRIVATE_H
#define PF_AES_GCM_PRIVATE_H

#include "pf-aes-gcm.h"
#include "pf-block.h"
#include "pf-key.h"
#include "pf-replay.h"
#include "pf-slab.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (pf_aes_gcm_debug);
GST_DEBUG_CATEGORY_EXTERN (pf_aes_gcm_performance);

typedef enum { MODE_SEAL, MODE_OPEN, MODE_NONE } Mode;

/* Counters; see the stats property. */
typedef struct {
  guint64 packets, rejected, replayed, copies, allocations;
} Counters;

struct _PfAesGcm {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock; settings do not change while running */
  gboolean running;
  Mode mode;
  PfAeadCipher cipher;
  gchar *key_file;
  gint key_fd; /* ours */
  guint key_timeout_ms;
  gboolean to_host, forbid_copy;
  Counters counters;

  /* streaming thread; begun at READY->PAUSED, gone at PAUSED->READY */
  PfSlabPool *pool;
  const PfWire *wire;
  PfNonceSource source;
  gboolean split; /* blocks come in, packets go out */
  gboolean outside_key;
  PfKey key; /* sealing: until there is a sealer */
  gboolean have_key;
  PfSealer *sealer;
  PfAead *opener;
  PfReplay *replay;
  guint64 highest; /* number that was opened */
  gboolean proven; /* the key opened a packet */
  PfKeyStamp stamp;
  gint64 looked, waiting_since, told;
  guint failures; /* in a row */
};

/* What one call of a chain function did. */
typedef struct {
  PfAesGcm *self;
  Counters n;
  GstFlowReturn ret;
  /* rows for packets that cannot be worked on in place */
  GstMemory *fresh;
  gsize stride;
  guint n_rows, used;
  guint left; /* packets to come */
} PfAesGcmWork;

/* ---- pf-aes-gcm-keys.c: settings and streaming thread ------------------- */

/* Gets the key of a run that begins. An opener may have none yet. Errors: as
 * pf-key.h says. */
gboolean pf_aes_gcm_get_key (PfAesGcm *self, GError **error);

/* Who seals and for which stream: part of every nonce. */
PfNonceScheme pf_aes_gcm_nonce_scheme (PfAesGcm *self, const PfWire *wire);

/* The one sealer of the key, which is gone from the element then. Posts what
 * goes wrong. */
gboolean pf_aes_gcm_make_sealer (PfAesGcm *self);

/* Whether the sealer has put a new key into the key file, which is taken
 * then. It costs one look at the file; once a key is proven, looks are rare. */
gboolean pf_aes_gcm_look_for_key (PfAesGcm *self);

void pf_aes_gcm_drop_keys (PfAesGcm *self);

/* ---- pf-aes-gcm-work.c: streaming thread -------------------------------- */

/* Adds what was done to the element's counters: before anything is pushed, so
 * that who sees a packet finds it counted. */
void pf_aes_gcm_count (PfAesGcmWork *work);

/* Seals or opens a packet, and takes it over; NULL if it is dropped. Errors
 * are posted and stand in work->ret. */
GstBuffer *pf_aes_gcm_do_packet (PfAesGcmWork *work, GstBuffer *buffer);

/* The same for those of a list, which must be writable; blocks in it are
 * pushed. */
void pf_aes_gcm_do_list (PfAesGcmWork *work, GstBufferList *list);

/* The same for a block; what is left of it is pushed. */
void pf_aes_gcm_do_block (PfAesGcmWork *work, GstBuffer *block);

G_END_DECLS

#endif /* PF_AES_GCM_PRIVATE_H */
