import BLAS
