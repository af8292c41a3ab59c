-- The return rates assumed before anything was measured. One row per status.
select
    activity_status,
    p_treat,
    p_control
from intermediate.int_winback_uplifts_assumed
