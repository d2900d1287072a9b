// SPDX-License-Identifier: Apache-2.0
// The registers, by their architecture's names (DDI 0487) or by the Cortex-A53's (DDI 0500), and how
// each is read and written.

    // access: r, w or rw, as the architecture has it; encoding where the assembler has no name
    .macro  sysreg name, access=rw, encoding=
    .section .rodata.sysreg_names, "a"
71: .asciz  "\name"
    .section .text.sysregs, "ax"
    .ifnc   \access, w
    .ifb    \encoding
72: mrs     x0, \name
    .else
72: mrs     x0, \encoding
    .endif
    ret
    .endif
    .ifnc   \access, r
    .ifb    \encoding
73: msr     \name, x0
    .else
73: msr     \encoding, x0
    .endif
    isb
    ret
    .endif
    .section .rodata.sysregs, "a"
    .quad   71b
    .ifc    \access, w
    .quad   0
    .else
    .quad   72b
    .endif
    .ifc    \access, r
    .quad   0
    .else
    .quad   73b
    .endif
    .endm

    .section .rodata.sysregs, "a"
    .balign 8
    .global sysregs
sysregs:
    // performance counters: AMD's BSP at its start, Linux, Zephyr
    sysreg  PMCR_EL0
    sysreg  PMCNTENSET_EL0
    sysreg  PMCNTENCLR_EL0
    sysreg  PMOVSCLR_EL0
    sysreg  PMOVSSET_EL0
    sysreg  PMSWINC_EL0, w
    sysreg  PMSELR_EL0
    sysreg  PMCEID0_EL0, r
    sysreg  PMCEID1_EL0, r
    sysreg  PMCCNTR_EL0
    sysreg  PMCCFILTR_EL0
    sysreg  PMXEVTYPER_EL0
    sysreg  PMXEVCNTR_EL0
    sysreg  PMUSERENR_EL0
    sysreg  PMINTENSET_EL1
    sysreg  PMINTENCLR_EL1
    .irp    n, 0, 1, 2, 3, 4, 5
    sysreg  PMEVCNTR\n\()_EL0
    sysreg  PMEVTYPER\n\()_EL0
    .endr

    // the CPU's own: BSP (prefetch), U-Boot, TF-A
    sysreg  CPUACTLR_EL1, rw, s3_1_c15_c2_0
    sysreg  CPUECTLR_EL1, rw, s3_1_c15_c2_1
    sysreg  CPUMERRSR_EL1, rw, s3_1_c15_c2_2
    sysreg  L2MERRSR_EL1, rw, s3_1_c15_c2_3
    sysreg  L2ACTLR_EL1, rw, s3_1_c15_c0_0
    sysreg  L2CTLR_EL1, rw, s3_1_c11_c0_2
    sysreg  L2ECTLR_EL1, rw, s3_1_c11_c0_3
    sysreg  CBAR_EL1, r, s3_1_c15_c3_0

    // debug: Linux (OS lock, break- and watchpoints), U-Boot (console on the debug channel)
    sysreg  MDSCR_EL1
    sysreg  MDRAR_EL1, r
    sysreg  MDCCINT_EL1
    sysreg  MDCCSR_EL0, r
    sysreg  DBGDTR_EL0
    sysreg  DBGDTRTX_EL0, w
    sysreg  DBGDTRRX_EL0, r
    sysreg  OSDTRTX_EL1
    sysreg  OSDTRRX_EL1
    sysreg  OSECCR_EL1
    sysreg  OSLAR_EL1, w
    sysreg  OSLSR_EL1, r
    sysreg  OSDLR_EL1
    sysreg  DBGPRCR_EL1
    sysreg  DBGAUTHSTATUS_EL1, r
    sysreg  DBGCLAIMSET_EL1
    sysreg  DBGCLAIMCLR_EL1
    sysreg  DBGBVR0_EL1
    sysreg  DBGBCR0_EL1
    sysreg  DBGBVR5_EL1
    sysreg  DBGBCR5_EL1
    sysreg  DBGWVR0_EL1
    sysreg  DBGWCR0_EL1
    sysreg  DBGWVR3_EL1
    sysreg  DBGWCR3_EL1

    // time
    sysreg  CNTFRQ_EL0
    sysreg  CNTKCTL_EL1
    sysreg  CNTPCT_EL0, r
    sysreg  CNTVCT_EL0, r
    sysreg  CNTP_CTL_EL0
    sysreg  CNTP_CVAL_EL0
    sysreg  CNTP_TVAL_EL0
    sysreg  CNTV_CTL_EL0
    sysreg  CNTV_CVAL_EL0
    sysreg  CNTV_TVAL_EL0

    // control and status
    sysreg  ACTLR_EL1
    sysreg  AFSR0_EL1
    sysreg  AFSR1_EL1
    sysreg  AMAIR_EL1
    sysreg  CONTEXTIDR_EL1
    sysreg  CPACR_EL1
    sysreg  CSSELR_EL1
    sysreg  ESR_EL1
    sysreg  FAR_EL1
    sysreg  ISR_EL1, r
    sysreg  MAIR_EL1
    sysreg  PAR_EL1
    sysreg  RMR_EL1
    sysreg  RVBAR_EL1, r
    sysreg  SCTLR_EL1
    sysreg  TCR_EL1
    sysreg  TPIDR_EL0
    sysreg  TPIDRRO_EL0
    sysreg  TPIDR_EL1
    sysreg  TTBR0_EL1
    sysreg  TTBR1_EL1
    sysreg  VBAR_EL1
    sysreg  ICC_SRE_EL1, rw, s3_0_c12_c12_5 // of a GICv3, which this is not

    // what CPU this is
    sysreg  MIDR_EL1, r
    sysreg  MPIDR_EL1, r
    sysreg  REVIDR_EL1, r
    sysreg  AIDR_EL1, r
    sysreg  CTR_EL0, r
    sysreg  DCZID_EL0, r
    sysreg  CLIDR_EL1, r
    sysreg  CCSIDR_EL1, r
    .irp    which, AFR0, AFR1, DFR0, DFR1, ISAR0, ISAR1, MMFR0, MMFR1, PFR0, PFR1
    sysreg  ID_AA64\which\()_EL1, r
    .endr
    sysreg  ID_AA64MMFR2_EL1, r, s3_0_c0_c7_2
    .irp    which, AFR0, DFR0, ISAR0, ISAR1, ISAR2, ISAR3, ISAR4, ISAR5
    sysreg  ID_\which\()_EL1, r
    .endr
    .irp    which, MMFR0, MMFR1, MMFR2, MMFR3, PFR0, PFR1
    sysreg  ID_\which\()_EL1, r
    .endr
    .irp    n, 0, 1, 2
    sysreg  MVFR\n\()_EL1, r
    .endr

    .section .rodata.sysregs, "a"
    .global sysregs_end
sysregs_end:
