with in_force as (
    {{ settings_in_force(ref('winback_uplift'), ['activity_status']) | indent(4) }}
),

assumed as (
    select
        activity_status,
        p_treat,
        p_control
    from in_force
)

select * from assumed
