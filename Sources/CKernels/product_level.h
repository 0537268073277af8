// The product with vectors of one width. Included once a level, with the level's instructions allowed and
// these defined: WIDTH, the floats of a vector; ROWS, of a tile of two vectors; DOT_ROWS and DOT_COLUMNS, of
// a tile of sums along k; OF(name), the level's name for what is defined here; LOAD_SOME(x, n), the first n
// floats from x on, then zeros.

typedef float OF(Vector) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
#define Vector OF(Vector)
#define PANEL (2 * WIDTH)
#define PACKED_ROWS (PACKED_TILES * ROWS)
#define JOIN_(name, width) name##_##width
#define JOIN(name, width) JOIN_(name, width)
#define SHUFFLE(name) JOIN(name, WIDTH)

/// Tiles below each other: some rows of A, a panel of B, and where to put the product.
typedef struct {
  const float *a;
  /// From one row of A to the next, and from one element of a row to the next.
  ptrdiff_t a_row, a_turn;
  const float *b;
  ptrdiff_t b_turn;
  ptrdiff_t depth;
  float *c;
  ptrdiff_t c_stride;
  float alpha, beta;
} OF(Tiles);
#define Tiles OF(Tiles)

typedef void (*OF(TileKernel))(const Tiles *tiles, ptrdiff_t count, int rows);
#define TileKernel OF(TileKernel)

/// Each vector of B meets all the rows of a tile, whose sums stay in registers.
MARU_INLINE void OF(multiply_tiles)(const Tiles *tiles, ptrdiff_t count, const int rows,
                                    const int vectors, const int is_packed) {
  const ptrdiff_t row = is_packed ? 1 : tiles->a_row, turn = is_packed ? ROWS : tiles->a_turn;
  const ptrdiff_t next = is_packed ? tiles->depth * ROWS : rows * row;
  for (ptrdiff_t t = 0; t < count; t++) {
    Vector sums[ROWS][2];
    MARU_UNROLL for (int i = 0; i < rows; i++) {
      MARU_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = (Vector){};
    }
    const float *a = tiles->a + t * next, *b = tiles->b;
    _Pragma("clang loop unroll_count(2)")
    for (ptrdiff_t p = 0; p < tiles->depth; p++, a += turn, b += tiles->b_turn) {
      Vector values[2];
      MARU_UNROLL for (int j = 0; j < vectors; j++) values[j] = *(const Vector *)(b + j * WIDTH);
      MARU_UNROLL for (int i = 0; i < rows; i++) {
        float x = a[i * row];
        MARU_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] += x * values[j];
      }
    }
    float *c = tiles->c + t * rows * tiles->c_stride;
    MARU_UNROLL for (int i = 0; i < rows; i++) {
      MARU_UNROLL for (int j = 0; j < vectors; j++) {
        Vector *old = (Vector *)(c + i * tiles->c_stride + j * WIDTH);
        Vector y = tiles->alpha * sums[i][j];
        *old = tiles->beta == 0 ? y : y + tiles->beta * *old;
      }
    }
  }
}

// Only where the number of rows is a constant do the sums stay in registers.
#define TILE_CASE(rows, vectors, is_packed)                                                      \
  case rows: OF(multiply_tiles)(tiles, count, rows, vectors, is_packed); break;
#define TILE_KERNEL(name, vectors, is_packed)                                                    \
  static void name(const Tiles *tiles, ptrdiff_t count, int rows) {                              \
    switch (rows) { UP_TO(ROWS)(TILE_CASE, vectors, is_packed) }                                 \
  }

TILE_KERNEL(OF(narrow_tiles), 1, 0)
TILE_KERNEL(OF(wide_tiles), 2, 0)
TILE_KERNEL(OF(narrow_packed_tiles), 1, 1)
TILE_KERNEL(OF(wide_packed_tiles), 2, 1)

/// Puts tiles of fewer columns than their vectors have where they belong.
static void OF(multiply_edge)(const Tiles *tiles, ptrdiff_t columns, TileKernel kernel, int rows) {
  float whole[ROWS * PANEL];
  Tiles edge = *tiles;
  edge.c = whole;
  edge.c_stride = PANEL;
  edge.beta = 0;
  kernel(&edge, 1, rows);
  for (int i = 0; i < rows; i++) {
    float *c = tiles->c + i * tiles->c_stride, *y = whole + i * PANEL;
    for (ptrdiff_t j = 0; j < columns; j++) {
      c[j] = tiles->beta == 0 ? y[j] : y[j] + tiles->beta * c[j];
    }
  }
}

/// Copies `depth` rows of B so that they follow each other, filled up with zeros to whole vectors.
static void OF(copy_panel)(const float *b, ptrdiff_t stride, ptrdiff_t depth, ptrdiff_t columns,
                           ptrdiff_t width, float *panel) {
  for (ptrdiff_t p = 0; p < depth; p++, b += stride, panel += width) {
    for (ptrdiff_t j = 0; j < width; j += WIDTH) {
      ptrdiff_t left = columns - j;
      *(Vector *)(panel + j) = left >= WIDTH ? *(const Vector *)(b + j) : LOAD_SOME(b + j, left);
    }
  }
}

/// Four floats from each of the rows 0, 4, 8 and so on.
MARU_INLINE Vector OF(quarters)(const float *x, ptrdiff_t stride) {
  Vector y;
  MARU_UNROLL for (int i = 0; i < WIDTH / 4; i++) {
    __builtin_memcpy((float *)&y + 4 * i, x + 4 * i * stride, 4 * sizeof(float));
  }
  return y;
}

/// Copies as `copy_panel` does, where the columns of B lie `stride` apart.
static void OF(copy_transposed_panel)(const float *b, ptrdiff_t stride, ptrdiff_t depth,
                                      ptrdiff_t columns, ptrdiff_t width, float *panel) {
  for (ptrdiff_t j = 0; j < width; j += WIDTH) {
    const float *in = b + j * stride;
    float *out = panel + j;
    ptrdiff_t p = 0;
    for (; columns - j >= WIDTH && p + 4 <= depth; p += 4, out += 4 * width) {
      Vector x[4];
      MARU_UNROLL for (int i = 0; i < 4; i++) x[i] = OF(quarters)(in + p + i * stride, stride);
      Vector lower[] = {SHUFFLE(LOWER)(x[0], x[1]), SHUFFLE(LOWER)(x[2], x[3])};
      Vector upper[] = {SHUFFLE(UPPER)(x[0], x[1]), SHUFFLE(UPPER)(x[2], x[3])};
      *(Vector *)out = SHUFFLE(LOWER_PAIRS)(lower[0], lower[1]);
      *(Vector *)(out + width) = SHUFFLE(UPPER_PAIRS)(lower[0], lower[1]);
      *(Vector *)(out + 2 * width) = SHUFFLE(LOWER_PAIRS)(upper[0], upper[1]);
      *(Vector *)(out + 3 * width) = SHUFFLE(UPPER_PAIRS)(upper[0], upper[1]);
    }
    for (; p < depth; p++, out += width) {
      for (ptrdiff_t i = 0; i < WIDTH; i++) out[i] = j + i < columns ? in[i * stride + p] : 0;
    }
  }
}

/// Copies `rows` rows of A tile by tile, so that what a tile needs in one turn lies together.
static void OF(copy_rows)(const float *a, ptrdiff_t row, ptrdiff_t turn, ptrdiff_t depth,
                          ptrdiff_t rows, ptrdiff_t tile_rows, float *out) {
  for (ptrdiff_t top = 0; top < rows; top += tile_rows, out += depth * ROWS) {
    ptrdiff_t count = rows - top < tile_rows ? rows - top : tile_rows;
    const float *in = a + top * row;
    if (row == 1) {
      for (ptrdiff_t p = 0; p < depth; p++) {
        for (ptrdiff_t i = 0; i < count; i++) out[p * ROWS + i] = in[p * turn + i];
      }
    } else {
      for (ptrdiff_t i = 0; i < count; i++) {
        for (ptrdiff_t p = 0; p < depth; p++) out[p * ROWS + i] = in[i * row + p];
      }
    }
  }
}

/// By panels of B. What is copied changes no sum: how deep a panel is depends on k alone.
static __attribute__((noinline)) void OF(multiply_panels)(const Product *x) {
  // On the stack, since blocks on the heap would be some for each thread.
  _Alignas(64) float panel[DEPTH * PANEL], packed[PACKED_ROWS * DEPTH];
  // Equal parts, so that no small one is left over.
  ptrdiff_t depth = divide_up(divide_up(x->k, divide_up(x->k, DEPTH)), 16) * 16;
  int is_packed = packs_a(x);
  int is_b_copied = x->is_b_transposed || copies_b(x, ROWS);
  ptrdiff_t most = is_packed ? PACKED_ROWS : BLOCK / depth;
  ptrdiff_t height = divide_up(x->m, divide_up(x->m, most));
  TileKernel kernels[2][2] = {{OF(narrow_tiles), OF(wide_tiles)},
                              {OF(narrow_packed_tiles), OF(wide_packed_tiles)}};
  for (ptrdiff_t top = 0; top < x->m; top += height) {
    ptrdiff_t all_rows = x->m - top < height ? x->m - top : height;
    ptrdiff_t tile_rows = divide_up(all_rows, divide_up(all_rows, ROWS));
    for (ptrdiff_t p = 0; p < x->k; p += depth) {
      Tiles tiles = {.a_row = x->is_a_transposed ? 1 : x->a_stride, .alpha = x->alpha};
      tiles.a_turn = x->is_a_transposed ? x->a_stride : 1;
      tiles.depth = x->k - p < depth ? x->k - p : depth;
      tiles.c_stride = x->c_stride;
      tiles.beta = p == 0 ? x->beta : 1;
      const float *a = x->a + top * tiles.a_row + p * tiles.a_turn;
      if (is_packed) {
        OF(copy_rows)(a, tiles.a_row, tiles.a_turn, tiles.depth, all_rows, tile_rows, packed);
      }
      ptrdiff_t next = is_packed ? tiles.depth * ROWS : tile_rows * tiles.a_row;
      for (ptrdiff_t j = 0; j < x->n; j += PANEL) {
        ptrdiff_t columns = x->n - j < PANEL ? x->n - j : PANEL;
        ptrdiff_t width = columns > WIDTH ? PANEL : WIDTH;
        const float *b = x->b + (x->is_b_transposed ? j * x->b_stride + p : p * x->b_stride + j);
        if (is_b_copied || columns < width) {
          (x->is_b_transposed ? OF(copy_transposed_panel) : OF(copy_panel))(
              b, x->b_stride, tiles.depth, columns, width, panel);
        }
        tiles.b = is_b_copied || columns < width ? panel : b;
        tiles.b_turn = tiles.b == panel ? width : x->b_stride;
        TileKernel kernel = kernels[is_packed][columns > WIDTH];
        tiles.a = is_packed ? packed : a;
        tiles.c = x->c + top * x->c_stride + j;
        ptrdiff_t whole = columns == width ? all_rows / tile_rows : 0;
        if (whole) kernel(&tiles, whole, (int)tile_rows);
        tiles.a += whole * next;
        tiles.c += whole * tile_rows * x->c_stride;
        for (ptrdiff_t i = whole * tile_rows; i < all_rows; i += tile_rows) {
          int rows = (int)(all_rows - i < tile_rows ? all_rows - i : tile_rows);
          if (columns == width) {
            kernel(&tiles, 1, rows);
          } else {
            OF(multiply_edge)(&tiles, columns, kernel, rows);
          }
          tiles.a += next;
          tiles.c += tile_rows * x->c_stride;
        }
      }
    }
  }
}

/// A tile of sums whose vectors lie along k.
MARU_INLINE void OF(dot_tile)(const Product *x, ptrdiff_t row, ptrdiff_t column, const int rows,
                              const int columns) {
  Vector sums[DOT_ROWS][DOT_COLUMNS];
  MARU_UNROLL for (int i = 0; i < rows; i++) {
    MARU_UNROLL for (int j = 0; j < columns; j++) sums[i][j] = (Vector){};
  }
  const float *a = x->a + row * x->a_stride, *b = x->b + column * x->b_stride;
  for (ptrdiff_t p = 0; p < x->k; p += WIDTH, a += WIDTH, b += WIDTH) {
    ptrdiff_t left = x->k - p;
    Vector values[DOT_ROWS];
    MARU_UNROLL for (int i = 0; i < rows; i++) {
      const float *from = a + i * x->a_stride;
      values[i] = left >= WIDTH ? *(const Vector *)from : LOAD_SOME(from, left);
    }
    MARU_UNROLL for (int j = 0; j < columns; j++) {
      const float *from = b + j * x->b_stride;
      Vector y = left >= WIDTH ? *(const Vector *)from : LOAD_SOME(from, left);
      MARU_UNROLL for (int i = 0; i < rows; i++) sums[i][j] += values[i] * y;
    }
  }
  float *c = x->c + row * x->c_stride + column;
  MARU_UNROLL for (int i = 0; i < rows; i++, c += x->c_stride) {
    MARU_UNROLL for (int j = 0; j < columns; j += 4) {
      Vector none = {}, *y = sums[i] + j;
      Quarter all = SHUFFLE(SUMS)(y[0], j + 1 < columns ? y[1] : none,
                                  j + 2 < columns ? y[2] : none, j + 3 < columns ? y[3] : none);
      MARU_UNROLL for (int q = 0; q < 4 && j + q < columns; q++) {
        float value = x->alpha * all[q];
        c[j + q] = x->beta == 0 ? value : value + x->beta * c[j + q];
      }
    }
  }
}

#define DOT_CASE(columns, rows, unused) case columns: OF(dot_tile)(x, i, j, rows, columns); break;

/// By dot products of rows of A and columns of B that lie in memory as they are needed.
static void OF(multiply_dots)(const Product *x) {
  ptrdiff_t group = divide_up(x->n, divide_up(x->n, DOT_COLUMNS));
  for (ptrdiff_t j = 0; j < x->n; j += group) {
    ptrdiff_t columns = x->n - j < group ? x->n - j : group, i = 0;
    for (; i + DOT_ROWS <= x->m; i += DOT_ROWS) {
      switch (columns) { UP_TO(DOT_COLUMNS)(DOT_CASE, DOT_ROWS, 0) }
    }
    for (; i < x->m; i++) {
      switch (columns) { UP_TO(DOT_COLUMNS)(DOT_CASE, 1, 0) }
    }
  }
}

static void OF(multiply)(const Product *x) {
  if (is_dots(x)) {
    OF(multiply_dots)(x);
  } else {
    OF(multiply_panels)(x);
  }
}

#undef Vector
#undef Tiles
#undef TileKernel
#undef PANEL
#undef PACKED_ROWS
#undef JOIN_
#undef JOIN
#undef SHUFFLE
#undef TILE_CASE
#undef TILE_KERNEL
#undef DOT_CASE
#undef WIDTH
#undef ROWS
#undef DOT_ROWS
#undef DOT_COLUMNS
#undef OF
#undef LOAD_SOME
