/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One face for every codec that bench-fec times: libpf, the built-in anchor
 * and those loaded from a file all look like pf-anchor.h from here.
 */
#ifndef BENCH_CODEC_H
#define BENCH_CODEC_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  char name[64];
  int (*init) (void);
  void *(*create) (int field, unsigned k, unsigned m, size_t size);
  int (*encode) (void *ctx, uint8_t *const *data, uint8_t *const *parity);
  int (*decode) (void *ctx, uint8_t *const *data, uint8_t *const *parity,
      const uint8_t *present);
  void (*destroy) (void *ctx);
  size_t (*memory) (void *ctx); /* NULL: the codec does not say */
} BenchCodec;

/* Fields: 8 and 16 as in pf-anchor.h; 4 is the audio RS(4,2), libpf only. */
enum { BENCH_GF8 = 8, BENCH_GF16 = 16, BENCH_AUDIO = 4 };

void bench_codec_libpf (BenchCodec *codec);

/* Returns 0, or -1 where the build has no ISA-L. */
int bench_codec_isal (BenchCodec *codec);

/* Returns NULL, or what is wrong with the file (valid until the next call).
 * The object stays loaded. */
const char *bench_codec_load (BenchCodec *codec, const char *path);

#endif /* BENCH_CODEC_H */
