"""Common words, to render, to speak about and to fill files with."""

WORDS = (
    "about after again animal answer around bridge camera carbon castle change copper danger desert doctor "
    "energy engine family filter flower forest garden gather golden harbor height island jungle kitchen "
    "leader letter little margin market memory middle mirror modern morning mother motion museum nature "
    "number object office orange origin pencil people planet pocket purple rabbit record repair river "
    "sample school season second signal silver simple sister spring square station stream street summer "
    "switch system tunnel valley vessel village violin window winter writer yellow"
).split()
