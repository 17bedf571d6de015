/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of pfaesgcm share: the element, its keys, work on packets. */
#ifndef PF_AES_GCM_PRIVATE_H
#define PF_AES_GCM_PRIVATE_H

#include "pf-aes-gcm.h"
#include "pf-block.h"
#include "pf-events.h"
#include "pf-key.h"
#include "pf-replay.h"
#include "pf-slab.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (pf_aes_gcm_debug);
GST_DEBUG_CATEGORY_EXTERN (pf_aes_gcm_performance);

typedef enum { MODE_SEAL, MODE_OPEN, MODE_NONE } Mode;

/* Where the key of a run comes from. */
typedef enum {
  KEY_SET,        /* key-file or key-fd */
  KEY_NOT_KNOWN,  /* a session, which has not spoken yet */
  KEY_OF_SESSION, /* a session */
  KEY_NOT_NEEDED, /* a session, whose packets travel plain; or mode=none */
} Source;

/* Counters; see the stats property. */
typedef struct {
  guint64 packets, rejected, replayed, pending, copies, allocations;
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
  Source source_of_key; /* of a run; else KEY_SET */
  Counters counters;

  gint ask; /* atomic; the session is to be asked before the next frame */

  /* streaming thread; begun at READY->PAUSED, gone at PAUSED->READY */
  PfSlabPool *pool;
  const PfWire *wire;
  Mode work;             /* mode, but none if the session says so */
  gboolean refused;      /* what the session said; the error was posted */
  gboolean pending;      /* no session yet */
  gboolean sent_to_host; /* as set, or as agreed on */
  PfSecret *secret;      /* of the session; whose key it is */
  PfNonceSource source;
  gboolean split; /* blocks come in, packets go out */
  guint breaks;   /* PF_BLOCK_BREAKS of what was dropped; for the next one */
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

/* Gets the key of a run that begins. An opener may have none yet, and a
 * session tells it later. Errors: as pf-key.h says; LIBRARY/SETTINGS. */
gboolean pf_aes_gcm_get_key (PfAesGcm *self, GError **error);

/* Asks the session for a key. The same key goes on as it is, with its numbers;
 * another one begins. Errors are posted. */
gboolean pf_aes_gcm_ask_session (PfAesGcm *self);

/* Who seals and for which stream: part of every nonce. */
PfNonceScheme pf_aes_gcm_nonce_scheme (PfAesGcm *self, const PfWire *wire);

/* The one sealer of the key, which is gone from the element then. Posts what
 * goes wrong. */
gboolean pf_aes_gcm_make_sealer (PfAesGcm *self);

/* Whether the sealer has put a new key into the key file, which is taken
 * then. It costs one look at the file; once a key is proven, looks are rare. */
gboolean pf_aes_gcm_look_for_key (PfAesGcm *self);

void pf_aes_gcm_drop_keys (PfAesGcm *self);

/* Takes over the error. */
void pf_aes_gcm_post_error (PfAesGcm *self, GError *error);

/* ---- pf-aes-gcm-caps.c --------------------------------------------------- */

/* Streaming thread: asks the session if that is due, gets everything ready
 * for packets with these caps, and sends caps downstream. Errors are posted. */
gboolean pf_aes_gcm_set_caps (PfAesGcm *self, GstCaps *caps);

gboolean pf_aes_gcm_answer_allocation (PfAesGcm *self, GstQuery *query);
void pf_aes_gcm_answer_caps (PfAesGcm *self, GstPad *pad, GstQuery *query);
void pf_aes_gcm_answer_accept_caps (
    PfAesGcm *self, GstPad *pad, GstQuery *query);

/* ---- pf-aes-gcm-work.c: streaming thread -------------------------------- */

/* Adds what was done to the element's counters: before anything is pushed, so
 * that who sees a packet finds it counted. */
void pf_aes_gcm_count (PfAesGcmWork *work);

/* The next buffer that leaves, marked for what was dropped before it. */
GstBuffer *pf_aes_gcm_mark (PfAesGcm *self, GstBuffer *buffer);

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
