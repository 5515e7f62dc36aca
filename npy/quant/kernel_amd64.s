#include "textflag.h"

// Where packing 32-bit to 8-bit integers in each half of a vector leaves the groups
// of four, in the order in which they belong.
DATA order<>+0(SB)/4, $0
DATA order<>+4(SB)/4, $4
DATA order<>+8(SB)/4, $1
DATA order<>+12(SB)/4, $5
DATA order<>+16(SB)/4, $2
DATA order<>+20(SB)/4, $6
DATA order<>+24(SB)/4, $3
DATA order<>+28(SB)/4, $7
GLOBL order<>(SB), RODATA|NOPTR, $32

DATA almostHalf<>+0(SB)/4, $0x3effffff
GLOBL almostHalf<>(SB), RODATA|NOPTR, $4

DATA sign<>+0(SB)/4, $0x80000000
GLOBL sign<>(SB), RODATA|NOPTR, $4

DATA far<>+0(SB)/4, $0x44800000
GLOBL far<>(SB), RODATA|NOPTR, $4

DATA minusFar<>+0(SB)/4, $0xc4800000
GLOBL minusFar<>(SB), RODATA|NOPTR, $4

#define ARGUMENTS \
	MOVQ dst+0(FP), DI; \
	MOVQ src+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	MOVQ factor+24(FP), R8; \
	MOVQ factorStep+32(FP), R9; \
	MOVQ zero+40(FP), R10; \
	MOVQ zeroStep+48(FP), R11; \
	VPBROADCASTB least+56(FP), Y10; \
	VPBROADCASTB flip+60(FP), Y11; \
	VBROADCASTSS far<>(SB), Y8; \
	VBROADCASTSS minusFar<>(SB), Y9; \
	VMOVDQU order<>(SB), Y14; \
	VXORPS Y15, Y15, Y15

// CLAMPED leaves 32 elements times their factors in Y0 to Y3, clamped, and adds to
// Y15 which of them were NaN.
#define CLAMPED \
	VMOVUPS (SI), Y0; \
	VMOVUPS 32(SI), Y1; \
	VMOVUPS 64(SI), Y2; \
	VMOVUPS 96(SI), Y3; \
	VMULPS (R8), Y0, Y0; \
	VMULPS 32(R8), Y1, Y1; \
	VMULPS 64(R8), Y2, Y2; \
	VMULPS 96(R8), Y3, Y3; \
	VCMPPS $3, Y0, Y1, Y4; \
	VCMPPS $3, Y2, Y3, Y5; \
	VORPS Y4, Y15, Y15; \
	VORPS Y5, Y15, Y15; \
	VMINPS Y8, Y0, Y0; \
	VMINPS Y8, Y1, Y1; \
	VMINPS Y8, Y2, Y2; \
	VMINPS Y8, Y3, Y3; \
	VMAXPS Y9, Y0, Y0; \
	VMAXPS Y9, Y1, Y1; \
	VMAXPS Y9, Y2, Y2; \
	VMAXPS Y9, Y3, Y3

// AWAY rounds half away from zero: half of x's sign is added, and what is behind
// the point is dropped.
#define AWAY(x, t) \
	VANDPS Y13, x, t; \
	VORPS Y12, t, t; \
	VADDPS t, x, x; \
	VCVTTPS2DQ x, x

// STORED adds the zero points to the integers in Y0 to Y3, packs them, which clamps
// them to -128 and 127, and goes on.
#define STORED \
	VPADDD (R10), Y0, Y0; \
	VPADDD 32(R10), Y1, Y1; \
	VPADDD 64(R10), Y2, Y2; \
	VPADDD 96(R10), Y3, Y3; \
	VPACKSSDW Y1, Y0, Y0; \
	VPACKSSDW Y3, Y2, Y2; \
	VPACKSSWB Y2, Y0, Y0; \
	VPERMD Y0, Y14, Y0; \
	VPMAXSB Y10, Y0, Y0; \
	VPXOR Y11, Y0, Y0; \
	VMOVDQU Y0, (DI); \
	ADDQ $128, SI; \
	ADDQ $32, DI; \
	ADDQ R9, R8; \
	ADDQ R11, R10

// func quantizeEvenAVX2(dst *byte, src *float32, n int, factor *float32, factorStep int, zero *int32, zeroStep int, least, flip uint32) (nan uint32)
TEXT ·quantizeEvenAVX2(SB), NOSPLIT, $0-68
	ARGUMENTS
even:
	CLAMPED
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VCVTPS2DQ Y2, Y2
	VCVTPS2DQ Y3, Y3
	STORED
	DECQ CX
	JNZ even
	VMOVMSKPS Y15, AX
	MOVL AX, nan+64(FP)
	VZEROUPPER
	RET

// func quantizeAwayAVX2(dst *byte, src *float32, n int, factor *float32, factorStep int, zero *int32, zeroStep int, least, flip uint32) (nan uint32)
TEXT ·quantizeAwayAVX2(SB), NOSPLIT, $0-68
	ARGUMENTS
	VBROADCASTSS almostHalf<>(SB), Y12
	VBROADCASTSS sign<>(SB), Y13
away:
	CLAMPED
	AWAY(Y0, Y4)
	AWAY(Y1, Y5)
	AWAY(Y2, Y6)
	AWAY(Y3, Y7)
	STORED
	DECQ CX
	JNZ away
	VMOVMSKPS Y15, AX
	MOVL AX, nan+64(FP)
	VZEROUPPER
	RET

#define BOUNDS(at, x) \
	VMINPS at(DI), x, Y4; \
	VMOVUPS Y4, at(DI); \
	VMAXPS at(R8), x, Y5; \
	VMOVUPS Y5, at(R8)

// func boundsAVX2(lo, hi, src *float32, n, step int) (nan uint32)
TEXT ·boundsAVX2(SB), NOSPLIT, $0-44
	MOVQ lo+0(FP), DI
	MOVQ hi+8(FP), R8
	MOVQ src+16(FP), SI
	MOVQ n+24(FP), CX
	MOVQ step+32(FP), R12
	VXORPS Y15, Y15, Y15
bounds:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VCMPPS $3, Y0, Y1, Y6
	VCMPPS $3, Y2, Y3, Y7
	VORPS Y6, Y15, Y15
	VORPS Y7, Y15, Y15
	BOUNDS(0, Y0)
	BOUNDS(32, Y1)
	BOUNDS(64, Y2)
	BOUNDS(96, Y3)
	ADDQ $128, SI
	ADDQ R12, DI
	ADDQ R12, R8
	DECQ CX
	JNZ bounds
	VMOVMSKPS Y15, AX
	MOVL AX, nan+40(FP)
	VZEROUPPER
	RET
