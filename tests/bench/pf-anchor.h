/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The six functions by which bench-fec drives a foreign codec.
 *
 * An anchor is a shared object that exports exactly these functions with C
 * linkage. `bench-fec --anchor ./some.so` loads it, runs it in turn with
 * libpf on the same rows in one process, and compares every byte of parity
 * and of restored data. The object is built by whoever has the codec;
 * anchor-plain.c shows what one looks like.
 *
 * Rules
 *  - One thread. An anchor that can use more is built so that it does not.
 *  - Rows are 64-byte aligned unless --offset is given. Their distance is a
 *    multiple of 64 and no multiple of 4096. Bytes between a row's end and
 *    the next row's start are nobody's.
 *  - What a program would do once per (k, m, size) belongs into create; what
 *    it would do once per process belongs into init; both are timed by the
 *    cold case only. Everything else belongs into encode and decode.
 *  - Functions that return int return 0 for success.
 *  - Data bytes are random. A lost data row holds other bytes when decode is
 *    called and the restored ones when it returns.
 */
#ifndef PF_ANCHOR_H
#define PF_ANCHOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PF_ANCHOR_API __attribute__ ((visibility ("default")))

/* A short name for tables: one word, with the version. */
PF_ANCHOR_API const char *pf_anchor_name (void);

/* Tables of the whole process. Called once, before any other but the name. */
PF_ANCHOR_API int pf_anchor_init (void);

/*
 * A context for k data and m parity rows of size bytes. The field says which
 * code is meant, 8 for the GameStream matrix over GF(2^8), 16 for Leopard's
 * FF16. NULL: this codec has no such code or not for these numbers; the case
 * is then left out.
 */
PF_ANCHOR_API void *pf_anchor_create (
    int field, unsigned k, unsigned m, size_t size);

/* Writes the m parity rows. */
PF_ANCHOR_API int pf_anchor_encode (
    void *ctx, uint8_t *const *data, uint8_t *const *parity);

/*
 * Fills the lost data rows. present[i] != 0 says that row i arrived: the k
 * data rows first, then the m parity rows. Rows that arrived stay as they
 * are; lost parity rows are not read and need not be remade.
 */
PF_ANCHOR_API int pf_anchor_decode (void *ctx, uint8_t *const *data,
    uint8_t *const *parity, const uint8_t *present);

PF_ANCHOR_API void pf_anchor_destroy (void *ctx);

#ifdef __cplusplus
}
#endif

#endif /* PF_ANCHOR_H */
