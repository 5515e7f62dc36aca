É
¥“
D
AddV2
x"T
y"T
z"T"
Ttype:
2	€

NoOp
C
Placeholder
output"dtype"
dtypetype"
shapeshape:"serve*2.21.0‘
\
xPlaceholder*#
_output_shapes
:ÿÿÿÿÿÿÿÿÿ*
dtype0*
shape:ÿÿÿÿÿÿÿÿÿ
\
yPlaceholder*#
_output_shapes
:ÿÿÿÿÿÿÿÿÿ*
dtype0*
shape:ÿÿÿÿÿÿÿÿÿ
@
sumAddV2xy*
T0*#
_output_shapes
:ÿÿÿÿÿÿÿÿÿ

initNoOp"ª*Š
serving_defaultw

x
x:0ÿÿÿÿÿÿÿÿÿ

y
y:0ÿÿÿÿÿÿÿÿÿ
sum
sum:0ÿÿÿÿÿÿÿÿÿtensorflow/serving/predict