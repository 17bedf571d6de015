/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * libpf: the protocol arithmetic of gst-punktfunk as a plain C library.
 *
 * This is the one public header. It needs no GLib, no GStreamer and no other
 * header of the project, and compiles alone as C11 and as C++17. The library
 * does no I/O, starts no thread, keeps no clock and prints nothing.
 *
 * Conventions
 *  - A function that can fail returns 0 or a negative PfError and leaves its
 *    out parameters untouched on failure.
 *  - Structures that the caller fills begin with struct_size; set it with
 *    sizeof. A library newer than the program then knows which fields exist.
 *  - Destructors accept NULL.
 *
 * A lossy round trip:
 *
 *   PfFecConfig config = PF_FEC_CONFIG_INIT;
 *   PfFec *fec;
 *   config.scheme = PF_FEC_GF16;
 *   config.data_shards = 100;
 *   config.parity_shards = 20;
 *   config.shard_size = 1408;
 *   if (pf_fec_new (&config, &fec) < 0) ...
 *   pf_fec_encode (fec, data, parity);          // 100 and 20 row pointers
 *   pf_fec_decode (fec, data, parity, present); // fills what was lost
 *   pf_fec_free (fec);
 */
#ifndef PF_H
#define PF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(PF_STATIC) || defined(_WIN32)
#define PF_API
#else
#define PF_API __attribute__ ((visibility ("default")))
#endif

/* Raised when a program built against an older header could misbehave. */
#define PF_ABI_VERSION 1u

/* The PF_ABI_VERSION the library was built with. */
PF_API uint32_t pf_abi_version (void);

/* Version of the project, for instance "0.1.0". */
PF_API const char *pf_version (void);

typedef enum {
  PF_OK = 0,
  PF_ERR_INVALID = -1,     /* an argument is NULL, zero or contradictory */
  PF_ERR_RANGE = -2,       /* a count or a size outside what the code allows */
  PF_ERR_NO_MEMORY = -3,   /* an allocation failed */
  PF_ERR_NEED_MORE = -4,   /* too few shards to restore the lost ones */
  PF_ERR_UNSUPPORTED = -5, /* not in this build or not on this processor */
} PfError;

/* One English sentence fragment for a PfError; never NULL. */
PF_API const char *pf_strerror (int error);

/* ---- Forward error correction (docs/fec.md explains the mathematics) ---- */

typedef enum {
  PF_FEC_GF8 = 1,   /* GF(2^8), Cauchy matrix of GameStream video */
  PF_FEC_AUDIO = 2, /* GF(2^8), the fixed RS(4,2) of GameStream audio */
  PF_FEC_GF16 = 3,  /* GF(2^16), Leopard FF16 of punktfunk/1 */
} PfFecScheme;

typedef struct {
  size_t struct_size;
  uint32_t scheme;        /* PfFecScheme */
  uint32_t data_shards;   /* k: GF8 k+m <= 255; AUDIO 4; GF16 k+m <= 65535 */
  uint32_t parity_shards; /* m: at least 1; AUDIO 2 */
  size_t shard_size;      /* bytes of every shard; GF16: even */
} PfFecConfig;

/* Largest shard_size. */
#define PF_FEC_SHARD_MAX ((size_t) 1 << 24)

#define PF_FEC_CONFIG_INIT                                                     \
  {                                                                            \
    sizeof (PfFecConfig), 0, 0, 0, 0                                           \
  }

/*
 * A column range of all shards. A shard may be cut into several ranges that
 * live in different memories (headers here, payload there): range 0 of row i
 * is followed by range 1 of row i and so on. The sizes add up to shard_size.
 */
typedef struct {
  size_t struct_size;
  size_t size;            /* bytes of this range in every row; may be 0 */
  uint8_t *const *data;   /* k row pointers, any alignment */
  uint8_t *const *parity; /* m row pointers, any alignment */
} PfFecSpan;

/* Thread-safety: one thread per PfFec at a time. */
typedef struct PfFec PfFec;

/*
 * Makes a context: tables and scratch for one (scheme, k, m, size). All
 * allocation happens here; encoding and decoding allocate nothing.
 * Errors: PF_ERR_INVALID, PF_ERR_RANGE, PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED
 * (PF_FEC_CPU names a kernel set that cannot run here).
 */
PF_API int pf_fec_new (const PfFecConfig *config, PfFec **fec);

PF_API void pf_fec_free (PfFec *fec);

/* Bytes of tables and scratch the context holds, shared tables not counted. */
PF_API size_t pf_fec_memory (const PfFec *fec);

/*
 * Writes all parity rows. Data and parity rows must not overlap.
 * Errors: PF_ERR_INVALID.
 */
PF_API int pf_fec_encode (
    PfFec *fec, const uint8_t *const *data, uint8_t *const *parity);

/* The same over scattered rows. Errors: PF_ERR_INVALID, PF_ERR_RANGE (the
 * sizes do not add up to shard_size). */
PF_API int pf_fec_encode_spans (
    PfFec *fec, const PfFecSpan *spans, size_t n_spans);

/*
 * Restores lost data rows in place. present[i] != 0 says that row i arrived:
 * first the k data rows, then the m parity rows. Rows that arrived are only
 * read; a data row that did not is written; the pointer of a parity row that
 * did not arrive is never looked at and may be NULL. Lost parity is not
 * remade.
 * Errors: PF_ERR_INVALID, PF_ERR_NEED_MORE (fewer than k rows arrived;
 * nothing was written).
 */
PF_API int pf_fec_decode (PfFec *fec, uint8_t *const *data,
    const uint8_t *const *parity, const uint8_t *present);

/* The same over scattered rows; the spans' parity rows are only read. */
PF_API int pf_fec_decode_spans (
    PfFec *fec, const PfFecSpan *spans, size_t n_spans, const uint8_t *present);

/*
 * Says without making anything whether pf_fec_new() would accept the
 * numbers. Errors: PF_ERR_INVALID, PF_ERR_RANGE.
 */
PF_API int pf_fec_check (const PfFecConfig *config);

/*
 * A small cache of contexts for streams whose frames change size: the context
 * for (scheme, k, m, size) is made on first use and kept; the one that was
 * not used for longest makes room.
 * Thread-safety: one thread per cache at a time.
 */
typedef struct PfFecCache PfFecCache;

/* Errors: PF_ERR_RANGE (capacity 0 or over 4096), PF_ERR_NO_MEMORY. */
PF_API int pf_fec_cache_new (uint32_t capacity, PfFecCache **cache);

PF_API void pf_fec_cache_free (PfFecCache *cache);

/*
 * Borrows a context; it stays valid until the next pf_fec_cache_get().
 * Errors: as pf_fec_new().
 */
PF_API int pf_fec_cache_get (
    PfFecCache *cache, const PfFecConfig *config, PfFec **fec);

/*
 * Names of the kernel sets this build and this processor can run, best first,
 * ending in NULL: "avx512-gfni", "avx2-gfni", "avx2", "ssse3", "neon", "c".
 * The environment variable PF_FEC_CPU, read once at first use, forces one.
 */
PF_API const char *const *pf_fec_kernels (void);

/* The kernel set in use, or "none" when PF_FEC_CPU names one that cannot run
 * here: pf_fec_new() then fails. */
PF_API const char *pf_fec_kernel (void);

#ifdef __cplusplus
}
#endif

#endif /* PF_H */
