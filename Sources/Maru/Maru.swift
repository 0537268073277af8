@_exported import BLAS
@_exported import Charts
@_exported import Datasets
@_exported import Layers
@_exported import LinearAlgebra
@_exported import ModelFiles
@_exported import Tensors
@_exported import Training
