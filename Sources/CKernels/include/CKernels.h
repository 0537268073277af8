// The work for which BLAS and LAPACK have no routine, or none that is fast enough here:
//
// - loops over elements, rows and columns: activations, losses, normalisation, optimizers, random
//   numbers, gathering of batches;
// - product.c, a single-precision product: for AVX2, and for AVX-512 where OpenBLAS would copy both
//   operands or has narrower kernels;
// - bytes.c, sums of products of bytes as whole numbers, which BLAS does not have: 0.36 of the time of
//   `maru fit-linear` with ssyrk on MNIST (0.08 s for 0.22 s on an Intel Xeon of the Emerald Rapids);
// - convolution.c and lanes.c, convolutions and pools of images that lie in the lanes of vectors, which as
//   products of BLAS would be 16 columns wide or need a copy of every window;
// - text.c, which bytes there are in a text: an eighth of the time of Swift with eight bytes at once, which
//   was a tenth of that of reading a table (6 ms for 48 ms for 115 MB on a Zen 4);
// - barriers of threads, the processor's peak, denormal numbers, and a program's new start.
//
// Arrays are dense unless a stride is given; `n` counts elements and may be 0. Where a comment does
// not say otherwise, the output may be the same array as an input, and must not overlap it partly.
#ifndef MARU_CKERNELS_H
#define MARU_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// gather.c — samples from where they are stored to where a batch needs them.

/// Gathers rows of n bytes as floats: out[i, j] = scale · pixels[indices[i], j].
/// Rows of `pixels` lie `stride` bytes apart, rows of `out` `out_stride` floats.
void maru_gather_bytes(const uint8_t *pixels, ptrdiff_t stride, const int32_t *indices,
                       ptrdiff_t rows, ptrdiff_t n, float scale, float *out,
                       ptrdiff_t out_stride);

/// Gathers rows of n floats: out[i, j] = values[indices[i], j], with rows as many floats apart as
/// the strides say.
void maru_gather_floats(const float *values, ptrdiff_t stride, const int32_t *indices,
                        ptrdiff_t rows, ptrdiff_t n, float *out, ptrdiff_t out_stride);

// text.c — what bytes there are in a text.

typedef struct {
  /// The bits that any byte has, and those of a blank.
  uint8_t any;
  ptrdiff_t nulls;
  ptrdiff_t quotes;
  /// Line breaks: LF, CR, and CR LF as one.
  ptrdiff_t breaks;
} maru_text_contents;

/// Looks at n bytes, behind which stands another.
maru_text_contents maru_contents_of_text(const uint8_t *text, ptrdiff_t n);

// matrix.c — a vector against the rows of a matrix.

/// Adds a vector to each row: y[i, j] += b[j]. Rows of y lie `stride` floats apart.
void maru_add_to_rows(float *y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride, const float *b);

/// Sums the columns: sums[j] = Σᵢ y[i, j], added in the order of the rows, in single precision within
/// 16 rows and in double from block to block.
void maru_sum_columns(const float *y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride, float *sums);

// elementwise.c — one operation on whole arrays.

void maru_add(const float *a, const float *b, float *out, ptrdiff_t n);
void maru_subtract(const float *a, const float *b, float *out, ptrdiff_t n);
void maru_multiply(const float *a, const float *b, float *out, ptrdiff_t n);
void maru_divide(const float *a, const float *b, float *out, ptrdiff_t n);
void maru_add_scalar(const float *a, float b, float *out, ptrdiff_t n);
void maru_multiply_scalar(const float *a, float b, float *out, ptrdiff_t n);
/// sums[i] += x[i], in double precision
void maru_accumulate(const float *x, double *sums, ptrdiff_t n);

// activation.c — activations forward, and backward in terms of what forward left behind.

/// y = max(x, 0)
void maru_relu(const float *x, float *y, ptrdiff_t n);
/// dx = dy where y > 0, else 0
void maru_relu_backward(const float *dy, const float *y, float *dx, ptrdiff_t n);
/// y = x where x > 0, else slope · x
void maru_leaky_relu(const float *x, float slope, float *y, ptrdiff_t n);
/// dx = dy where y > 0, else slope · dy
void maru_leaky_relu_backward(const float *dy, const float *y, float slope, float *dx, ptrdiff_t n);
/// y = 1 / (1 + e⁻ˣ), and 6e-39 instead of less from −88 down
void maru_sigmoid(const float *x, float *y, ptrdiff_t n);
/// dx = dy · y · (1 − y)
void maru_sigmoid_backward(const float *dy, const float *y, float *dx, ptrdiff_t n);
/// y = tanh x
void maru_tanh(const float *x, float *y, ptrdiff_t n);
/// dx = dy · (1 − y²)
void maru_tanh_backward(const float *dy, const float *y, float *dx, ptrdiff_t n);
/// y = log(1 + eˣ)
void maru_softplus(const float *x, float *y, ptrdiff_t n);
/// dx = dy · (1 − e⁻ʸ), which is dy · sigmoid(x)
void maru_softplus_backward(const float *dy, const float *y, float *dx, ptrdiff_t n);
/// y = x · Φ(x), Φ the distribution function of the standard normal distribution; NaN at −∞
void maru_gelu(const float *x, float *y, ptrdiff_t n);
/// dx = dy · (Φ(x) + x · φ(x))
void maru_gelu_backward(const float *dy, const float *x, float *dx, ptrdiff_t n);
/// y = x / (1 + e⁻ˣ); NaN at −∞
void maru_silu(const float *x, float *y, ptrdiff_t n);
/// dx = dy · (σ + x·σ·(1 − σ)) with σ = 1 / (1 + e⁻ˣ)
void maru_silu_backward(const float *dy, const float *x, float *dx, ptrdiff_t n);

// softmax.c — rows of scores to rows of probabilities, the loss that goes with them, and where the
// true class stands among them. Rows follow each other without a gap.

/// y[i, j] = e^(x[i, j] − max) / Σⱼ e^(x[i, j] − max), the maximum over row i
void maru_softmax_rows(const float *x, float *y, ptrdiff_t rows, ptrdiff_t n);
/// dx[i, j] = y[i, j] · (dy[i, j] − Σⱼ dy[i, j] · y[i, j])
void maru_softmax_rows_backward(const float *dy, const float *y, float *dx, ptrdiff_t rows,
                                ptrdiff_t n);

/// Softmax and cross-entropy in log space, rows of scores against rows of target probabilities:
///   losses[i]      = Σⱼ t[i, j] · (log Σⱼ e^x[i, j] − x[i, j])
///   gradient[i, j] = scale · (softmax(x)[i, j] · Σⱼ t[i, j] − t[i, j])
/// with t[i, j] = (1 − smoothing) · target + smoothing / n. The target is one-hot at labels[i]
/// where `targets` is NULL. `gradient` must not overlap `x`.
void maru_softmax_cross_entropy(const float *x, const int32_t *labels, const float *targets,
                                float smoothing, float scale, ptrdiff_t rows, ptrdiff_t n,
                                float *losses, float *gradient);

/// hits[i] = 1 where the score of labels[i] is among the k highest of row i, else 0. Of equal scores
/// the earlier one counts as higher; a NaN among the scores gives 0.
void maru_top_k(const float *x, const int32_t *labels, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k,
                float *hits);

// loss.c — the other losses: of each row i the loss, and of each output its gradient times `scale`.
// Rows follow each other without a gap. `gradient` must not overlap `x`.

/// losses[i] = Σⱼ (x − t)² / n, gradient[i, j] = scale · 2·(x − t) / n
void maru_squared_error(const float *x, const float *targets, float scale, ptrdiff_t rows,
                        ptrdiff_t n, float *losses, float *gradient);
/// losses[i] = Σⱼ |x − t| / n, gradient[i, j] = scale · sign(x − t) / n, which is 0 where x = t
void maru_absolute_error(const float *x, const float *targets, float scale, ptrdiff_t rows,
                         ptrdiff_t n, float *losses, float *gradient);
/// With e = x − t and c = e cut off at ±delta:
///   losses[i] = Σⱼ c · (e − c / 2) / n, gradient[i, j] = scale · c / n
void maru_huber(const float *x, const float *targets, float delta, float scale, ptrdiff_t rows,
                ptrdiff_t n, float *losses, float *gradient);
/// With t[i, j] = (1 − smoothing) · target + smoothing / 2:
///   losses[i]      = Σⱼ (max(x, 0) − x · t + log(1 + e^−|x|)) / n
///   gradient[i, j] = scale · (sigmoid(x) − t) / n
void maru_binary_cross_entropy(const float *x, const float *targets, float smoothing, float scale,
                               ptrdiff_t rows, ptrdiff_t n, float *losses, float *gradient);
/// With p = x / Σⱼ x, kept within 1e-7 from 0 and 1, and t as in maru_softmax_cross_entropy:
///   losses[i]      = −Σⱼ t[i, j] · log p[i, j]
///   gradient[i, j] = scale · (Σⱼ t[i, j] − t[i, j] / p[i, j]) / Σⱼ x[i, j]
/// where a p that was cut off has no part in the gradient.
void maru_categorical_cross_entropy(const float *x, const int32_t *labels, const float *targets,
                                    float smoothing, float scale, ptrdiff_t rows, ptrdiff_t n,
                                    float *losses, float *gradient);

// normalize.c — normalisation of rows and of columns, forward and backward.

/// Normalises each row: y[i, j] = (x[i, j] − mean of row i) · f[i] · gamma[j] + beta[j] with
/// f[i] = 1 / √(variance of row i + epsilon). statistics[i] receives mean and f. x and y do not
/// overlap.
void maru_layer_norm(const float *x, ptrdiff_t rows, ptrdiff_t n, float epsilon,
                     const float *gamma, const float *beta, float *y, float *statistics);
/// dgamma[j] = Σᵢ dy[i, j] · n[i, j] and dbeta[j] = Σᵢ dy[i, j], n being the normalised rows
void maru_layer_norm_parameters(const float *dy, const float *x, const float *statistics,
                                ptrdiff_t rows, ptrdiff_t n, float *dgamma, float *dbeta);
/// dx[i, j] = f[i] · (g[i, j] − mean of g[i] − n[i, j] · mean of g[i]·n[i]) with g = dy · gamma
void maru_layer_norm_backward(const float *dy, const float *x, const float *statistics,
                              ptrdiff_t rows, ptrdiff_t n, const float *gamma, float *dx);

/// The mean and the variance (divided by rows) of each column; rows of x lie `stride` floats apart,
/// as in all functions below.
void maru_column_moments(const float *x, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                         float *means, float *variances);
/// y[i, j] = (x[i, j] − means[j]) · factors[j] · gamma[j] + beta[j]; x and y do not overlap.
void maru_normalize_columns(const float *x, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                            const float *means, const float *factors, const float *gamma,
                            const float *beta, float *y);
/// dgamma[j] = Σᵢ dy[i, j] · n[i, j] and dbeta[j] = Σᵢ dy[i, j], n being the normalised columns
void maru_normalize_columns_parameters(const float *dy, const float *x, ptrdiff_t rows,
                                       ptrdiff_t n, ptrdiff_t stride, const float *means,
                                       const float *factors, float *dgamma, float *dbeta);
/// dx[i, j] = gamma[j] · factors[j] · (dy[i, j] − (dbeta[j] + n[i, j] · dgamma[j]) / rows)
void maru_normalize_columns_backward(const float *dy, const float *x, ptrdiff_t rows, ptrdiff_t n,
                                     ptrdiff_t stride, const float *means, const float *factors,
                                     const float *gamma, const float *dgamma, const float *dbeta,
                                     float *dx);

/// Takes the values of a block of so many samples in lanes, [places, channels, lanes], into the mean of each
/// channel and the sum of its squared differences from that, over `before` samples until now.
void maru_channel_moments(const float *x, ptrdiff_t places, ptrdiff_t channels, ptrdiff_t samples,
                          ptrdiff_t before, float *means, float *squares);
/// y = (x − means[c]) · factors[c] · gamma[c] + beta[c] for each channel c; x and y do not overlap.
void maru_normalize_channels(const float *x, ptrdiff_t places, ptrdiff_t channels,
                             const float *means, const float *factors, const float *gamma,
                             const float *beta, float *y);
/// Adds Σ dy · n to dgamma[c] and Σ dy to dbeta[c], n being the normalised channels.
void maru_normalize_channels_parameters(const float *dy, const float *x, ptrdiff_t places,
                                        ptrdiff_t channels, const float *means,
                                        const float *factors, float *dgamma, float *dbeta);
/// dx = gamma[c] · factors[c] · (dy − share · (dbeta[c] + n · dgamma[c])), in lanes with a sample, else 0;
/// dx may be dy.
void maru_normalize_channels_backward(const float *dy, const float *x, ptrdiff_t places,
                                      ptrdiff_t channels, ptrdiff_t samples, float share,
                                      const float *means, const float *factors, const float *gamma,
                                      const float *dgamma, const float *dbeta, float *dx);

// optimizer.c — one update over a range of the parameters w, from the gradients g. No arrays overlap.

/// w ← w − η·g
void maru_sgd(float *w, const float *g, ptrdiff_t n, float rate);
/// v ← μ·v − η·g, then w ← w + v, or w ← w + μ·v − η·g where nesterov is not 0
void maru_sgd_momentum(float *w, const float *g, float *v, ptrdiff_t n, float rate, float momentum,
                       int nesterov);
/// s ← ρ·s + (1 − ρ)·g², then w ← w − η·g / √(s + ε)
void maru_rmsprop(float *w, const float *g, float *s, ptrdiff_t n, float rate, float rho,
                  float epsilon);
/// w ← (1 − decay)·w, m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), w ← w − η·m / (√v + ε)
void maru_adam(float *w, const float *g, float *m, float *v, ptrdiff_t n, float rate, float beta1,
               float beta2, float epsilon, float decay);

// dropout.c

/// y[i] = x[i] / keep where the random number of (key, first + i) is below keep, else 0.
/// Random numbers are those of Philox4x32-10 (Salmon et al. 2011), so any part of the array can be
/// computed apart from the rest; calling it again on a gradient gives the gradient of the input.
void maru_dropout(const float *x, float *y, ptrdiff_t n, uint64_t key, uint64_t first, float keep);
/// The same for a block of 16 samples of so many elements in lanes, the first element of the first having
/// the number `first`: each gets the random numbers that it has in rows.
void maru_dropout_lanes(const float *x, float *y, ptrdiff_t elements, uint64_t key, uint64_t first,
                        float keep);

// product.c — a matrix product, faster than BLAS's where its vectors are narrower or its operands small.

/// The floats of the widest vectors that `maru_product` can use on this processor: 16, 8, or 0 for none.
int maru_product_width(void);

/// C ← α·A·B + β·C with A [m, k], B [k, n], C [m, n], as sgemm does; m, n and k are at least 1.
///
/// Vectors have `width` floats: 8 or 16, at most `maru_product_width()`. Rows lie `stride` floats apart; a
/// transposed operand lies as [k, m] or [n, k]. With β 0 the old values of C are not read. The operands
/// must not overlap C. The order of a sum depends on k alone, but that it is another one for A·Bᵀ with
/// fewer than 4 rows, or with up to 16 columns. It takes up to 256 KiB of the stack.
void maru_product(int width, const float *a, ptrdiff_t a_stride, int is_a_transposed,
                  const float *b, ptrdiff_t b_stride, int is_b_transposed, float *c,
                  ptrdiff_t c_stride, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha,
                  float beta);

// bytes.c — sums over samples kept as bytes, in whole numbers.

/// The most samples that `maru_add_byte_products` takes at once.
#define MARU_BYTE_BLOCK 1024
/// The most samples that it can add up before a sum might overflow.
#define MARU_BYTE_SAMPLES 65536

/// sums[j] += x[j]
void maru_add_bytes(const uint8_t *x, ptrdiff_t n, int32_t *sums);

/// Whether the processor has the instructions that `maru_add_byte_products` needs (AVX-512 VNNI).
int maru_has_byte_products(void);

/// Adds the products of the columns of X, the bytes of the samples x[indices[p]] of d bytes each:
///   products[i, j] += Σₚ (X[p, i] − 128) · X[p, j]  for j ≤ i
///
/// Rows of `products` lie 16·⌈d/16⌉ int32 apart, and there are as many; past the diagonal and past d
/// their values mean nothing. `room` is MARU_BYTE_BLOCK·16·⌈d/16⌉ bytes on a multiple of 64.
void maru_add_byte_products(const uint8_t *x, ptrdiff_t d, const int32_t *indices, ptrdiff_t n,
                            void *room, int32_t *products);

// peak.c

/// The multiplications and additions per second that so many threads (1 to 1024) reach together on
/// the widest vectors of the processor, in registers alone: the best of 100 rounds that all threads
/// start together. Takes some 30 ms. Where `is_double` is 0 the numbers are floats.
double maru_peak(int threads, int is_double);

// process.c

/// Starts the running program anew, in its place, with the given arguments and environment. Returns
/// where the system refuses. May be called in a handler of a signal, and before libraries have started.
void maru_start_anew(char *const arguments[], char *const environment[]);

// wait.c — threads that wait for each other.

/// A point that no thread passes before `count` have reached it.
typedef struct {
  uint32_t count;
  uint32_t arrived;
  uint32_t generation;
  uint32_t sleepers;
  /// The nanoseconds that threads have slept here, all together.
  uint64_t slept;
} maru_barrier;

/// Waits until as many threads as the barrier counts have called this.
///
/// Steps take some ten microseconds, less than a sleeping thread needs to wake, so a thread looks 2,000
/// times; then it sleeps, since the one that it waits for may need its processor.
void maru_wait_at(maru_barrier *barrier);

/// How often those who sit out were called.
uint32_t maru_calls(const uint32_t *calls);
/// Calls them, after all that was written before.
void maru_call(uint32_t *calls);
/// Sleeps until the number of calls is not `seen`, and returns it.
uint32_t maru_sit_out(uint32_t *calls, uint32_t seen);
/// Gives the processor to another thread that is ready, if there is one.
void maru_yield(void);

// The state of the calling thread's processor.

/// Tells the processor that the calling thread waits in a loop.
static inline void maru_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Makes the calling thread's vector arithmetic flush denormal operands and results to 0, and returns
/// what to restore.
///
/// They are below 1.2e-38, yet slow a vector instruction by a hundred cycles, and running means of
/// gradients that became 0 decay into them.
static inline uint64_t maru_flush_denormals(void) {
#if defined(__x86_64__)
  uint32_t state = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(state | 0x8040);
  return state;
#elif defined(__aarch64__)
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" : : "r"(state | (1ull << 24)));
  return state;
#else
  return 0;
#endif
}

/// Restores what `maru_flush_denormals` returned.
static inline void maru_restore_denormals(uint64_t state) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((uint32_t)state);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(state));
#else
  (void)state;
#endif
}

// MARK: Images in lanes

/// Samples of a block, one per lane of a vector: element `e` of sample `l` lies at 16·e + l.
#define MARU_LANES 16

/// One axis of images and of the windows that move over them.
typedef struct {
  /// Places of the image, and of the result.
  ptrdiff_t input, output;
  /// Places of a window, how far they lie apart, and how far one window is from the next.
  ptrdiff_t kernel, dilation, stride;
  /// Places of the first window before the image.
  ptrdiff_t padding;
} MaruWindowAxis;

/// Windows over images [height, width, channels, lanes], and the filters that they meet, if any:
/// [filters, kernel height, kernel width, channels].
typedef struct {
  MaruWindowAxis vertical, horizontal;
  ptrdiff_t channels, filters;
} MaruConvolution;

/// Samples [samples, elements], `stride` apart, as a block; lanes that are left become 0.
void maru_rows_to_lanes(const float *rows, ptrdiff_t stride, ptrdiff_t samples, ptrdiff_t elements,
                        float *lanes);
/// A block as samples [samples, elements], `stride` apart.
void maru_lanes_to_rows(const float *lanes, ptrdiff_t samples, ptrdiff_t elements, float *rows,
                        ptrdiff_t stride);
/// y = the sum of each window's products with each filter, plus the filter's bias, which may be null.
void maru_convolve(const MaruConvolution *convolution, const float *x, const float *w,
                   const float *bias, float *y);
/// The filters turned around, [channels, kernel height, kernel width, filters], for the way back.
void maru_turn_filters(const MaruConvolution *convolution, const float *w, float *turned);
/// dx, from dy and the turned filters.
void maru_convolve_backward(const MaruConvolution *convolution, const float *dy, const float *turned,
                            float *dx);
/// Adds the block's dw and, unless it is null, dbias, which are sums over its lanes.
void maru_convolve_weights(const MaruConvolution *convolution, const float *dy, const float *x,
                           float *dw, float *dbias);
/// The same with a filter of its own for each channel, [channels, kernel height, kernel width].
void maru_convolve_channels(const MaruConvolution *convolution, const float *x, const float *w,
                            const float *bias, float *y);
void maru_convolve_channels_backward(const MaruConvolution *convolution, const float *dy,
                                     const float *w, float *dx);
void maru_convolve_channels_weights(const MaruConvolution *convolution, const float *dy,
                                    const float *x, float *dw, float *dbias);
/// The largest element of each window and channel; NaN where there is one.
void maru_max_pool(const MaruConvolution *windows, const float *x, float *y);
/// dx: what comes back to each window's first largest element.
void maru_max_pool_backward(const MaruConvolution *windows, const float *dy, const float *x,
                            const float *y, float *dx);
/// The mean of each window, without what lies beyond the image.
void maru_average_pool(const MaruConvolution *windows, const float *x, float *y);
/// dx: an equal part of what comes back to each window.
void maru_average_pool_backward(const MaruConvolution *windows, const float *dy, float *dx);

#ifdef __cplusplus
}
#endif

#endif
