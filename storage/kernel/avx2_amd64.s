//go:build amd64 && !purego

#include "textflag.h"

// Each function answers one word for 64 values a round, for n > 0 rounds. Values are brought to x − lo, of
// which the unsigned minimum with hi − lo is x − lo itself where x is in range.

// func range8AVX2(out *uint64, x *uint8, n int, lo, width uint8)
TEXT ·range8AVX2(SB), NOSPLIT, $0-26
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTB lo+24(FP), Y0
	VPBROADCASTB width+25(FP), Y1

loop8:
	VMOVDQU   (SI), Y2
	VMOVDQU   32(SI), Y3
	VPSUBB    Y0, Y2, Y2
	VPSUBB    Y0, Y3, Y3
	VPMINUB   Y1, Y2, Y4
	VPMINUB   Y1, Y3, Y5
	VPCMPEQB  Y2, Y4, Y4
	VPCMPEQB  Y3, Y5, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, (DI)
	ADDQ      $64, SI
	ADDQ      $8, DI
	DECQ      CX
	JNZ       loop8
	VZEROUPPER
	RET

// IN16 compares the 32 values at off and leaves their bits in r.
#define IN16(off, r) \
	VMOVDQU   off(SI), Y2 \
	VMOVDQU   off+32(SI), Y3 \
	VPSUBW    Y0, Y2, Y2 \
	VPSUBW    Y0, Y3, Y3 \
	VPMINUW   Y1, Y2, Y4 \
	VPMINUW   Y1, Y3, Y5 \
	VPCMPEQW  Y2, Y4, Y4 \
	VPCMPEQW  Y3, Y5, Y5 \
	VPACKSSWB Y5, Y4, Y4 \
	VPERMQ    $0xd8, Y4, Y4 \
	VPMOVMSKB Y4, r

// func range16AVX2(out *uint64, x *uint16, n int, lo, width uint16)
TEXT ·range16AVX2(SB), NOSPLIT, $0-28
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW lo+24(FP), Y0
	VPBROADCASTW width+26(FP), Y1

loop16:
	IN16(0, AX)
	IN16(64, BX)
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, (DI)
	ADDQ $128, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  loop16
	VZEROUPPER
	RET

// IN32 compares the 8 values at off and puts their bits at shift into AX.
#define IN32(off, shift) \
	VMOVDQU   off(SI), Y2 \
	VPSUBD    Y0, Y2, Y2 \
	VPMINUD   Y1, Y2, Y3 \
	VPCMPEQD  Y2, Y3, Y3 \
	VMOVMSKPS Y3, BX \
	SHLQ      $shift, BX \
	ORQ       BX, AX

// func range32AVX2(out *uint64, x *uint32, n int, lo, width uint32)
TEXT ·range32AVX2(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	MOVL lo+24(FP), AX
	MOVL width+28(FP), BX
	VMOVD AX, X0
	VMOVD BX, X1
	VPBROADCASTD X0, Y0
	VPBROADCASTD X1, Y1

loop32:
	XORL AX, AX
	IN32(0, 0)
	IN32(32, 8)
	IN32(64, 16)
	IN32(96, 24)
	IN32(128, 32)
	IN32(160, 40)
	IN32(192, 48)
	IN32(224, 56)
	MOVQ AX, (DI)
	ADDQ $256, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  loop32
	VZEROUPPER
	RET

// INF64 compares the 4 floats at off and puts their bits at shift into AX.
#define INF64(off, shift) \
	VMOVUPD   off(SI), Y2 \
	VCMPPD    $0x0d, Y0, Y2, Y3 \
	VCMPPD    $0x02, Y1, Y2, Y4 \
	VANDPD    Y3, Y4, Y4 \
	VMOVMSKPD Y4, BX \
	SHLQ      $shift, BX \
	ORQ       BX, AX

// func rangeF64AVX2(out *uint64, x *float64, n int, lo, hi float64)
TEXT ·rangeF64AVX2(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD lo+24(FP), Y0
	VBROADCASTSD hi+32(FP), Y1

loopF64:
	XORL AX, AX
	INF64(0, 0)
	INF64(32, 4)
	INF64(64, 8)
	INF64(96, 12)
	INF64(128, 16)
	INF64(160, 20)
	INF64(192, 24)
	INF64(224, 28)
	INF64(256, 32)
	INF64(288, 36)
	INF64(320, 40)
	INF64(352, 44)
	INF64(384, 48)
	INF64(416, 52)
	INF64(448, 56)
	INF64(480, 60)
	MOVQ AX, (DI)
	ADDQ $512, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  loopF64
	VZEROUPPER
	RET

// OUT64 compares the 4 values at off, as signed numbers after turning the top bit, and puts the bits of
// those outside at shift into AX.
#define OUT64(off, shift) \
	VMOVDQU   off(SI), Y2 \
	VPSUBQ    Y0, Y2, Y2 \
	VPXOR     Y5, Y2, Y2 \
	VPCMPGTQ  Y1, Y2, Y3 \
	VMOVMSKPD Y3, BX \
	SHLQ      $shift, BX \
	ORQ       BX, AX

// func range64AVX2(out *uint64, x *uint64, n int, lo, width uint64)
TEXT ·range64AVX2(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTQ lo+24(FP), Y0
	VPBROADCASTQ width+32(FP), Y1
	VPCMPEQQ Y5, Y5, Y5
	VPSLLQ   $63, Y5, Y5
	VPXOR    Y5, Y1, Y1

loop64:
	XORL AX, AX
	OUT64(0, 0)
	OUT64(32, 4)
	OUT64(64, 8)
	OUT64(96, 12)
	OUT64(128, 16)
	OUT64(160, 20)
	OUT64(192, 24)
	OUT64(224, 28)
	OUT64(256, 32)
	OUT64(288, 36)
	OUT64(320, 40)
	OUT64(352, 44)
	OUT64(384, 48)
	OUT64(416, 52)
	OUT64(448, 56)
	OUT64(480, 60)
	NOTQ AX
	MOVQ AX, (DI)
	ADDQ $512, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  loop64
	VZEROUPPER
	RET

DATA low<>+0(SB)/8, $0x8f8f8f8f8f8f8f8f
GLOBL low<>(SB), RODATA|NOPTR, $8
DATA top<>+0(SB)/8, $0x8080808080808080
GLOBL top<>(SB), RODATA|NOPTR, $8
DATA seven<>+0(SB)/8, $0x0707070707070707
GLOBL seven<>(SB), RODATA|NOPTR, $8
DATA power<>+0(SB)/8, $0x8040201008040201
GLOBL power<>(SB), RODATA|NOPTR, $8

// INSET looks the 32 codes at off up and leaves their bits in r. Row c&15 of the table, of the half that the
// top bit says, has a bit for each c>>4&7.
#define INSET(off, r) \
	VMOVDQU   off(SI), Y6 \
	VPAND     Y2, Y6, Y7 \
	VPSHUFB   Y7, Y0, Y8 \
	VPXOR     Y3, Y7, Y7 \
	VPSHUFB   Y7, Y1, Y9 \
	VPOR      Y8, Y9, Y8 \
	VPSRLW    $4, Y6, Y6 \
	VPAND     Y4, Y6, Y6 \
	VPSHUFB   Y6, Y5, Y6 \
	VPAND     Y6, Y8, Y8 \
	VPCMPEQB  Y6, Y8, Y8 \
	VPMOVMSKB Y8, r

// func in8AVX2(out *uint64, x *uint8, n int, halves *[2][16]uint8)
TEXT ·in8AVX2(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ halves+24(FP), DX
	VBROADCASTI128 (DX), Y0
	VBROADCASTI128 16(DX), Y1
	VPBROADCASTQ low<>(SB), Y2
	VPBROADCASTQ top<>(SB), Y3
	VPBROADCASTQ seven<>(SB), Y4
	VPBROADCASTQ power<>(SB), Y5

loopIn8:
	INSET(0, AX)
	INSET(32, BX)
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  loopIn8
	VZEROUPPER
	RET
