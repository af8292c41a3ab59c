with facts as (
    select * from {{ ref('int_customer_rfm_facts') }}
),

-- Nobody is measured against our own people, or against who objects to being measured.
ranked as (
    select * from facts
    where not is_internal and not is_not_profiled and last_ordered_on is not null
),

recency_ties as (
    select
        business_unit,
        score_group,
        last_ordered_on,
        count(*) as tie_count
    from ranked
    group by business_unit, score_group, last_ordered_on
),

recency_ranks as (
    select
        business_unit,
        score_group,
        last_ordered_on,
        tie_count,
        sum(tie_count) over (
            partition by business_unit, score_group
            order by last_ordered_on asc nulls last
            rows between unbounded preceding and current row
        ) - tie_count as below_count,
        sum(tie_count) over (partition by business_unit, score_group) as total_count
    from recency_ties
),

-- Only money that was left is ranked; none, or less, is the lowest score.
monetary_ties as (
    select
        business_unit,
        score_group,
        monetary,
        count(*) as tie_count
    from ranked
    where frequency_days > 0 and monetary > 0
    group by business_unit, score_group, monetary
),

monetary_ranks as (
    select
        business_unit,
        score_group,
        monetary,
        tie_count,
        sum(tie_count) over (
            partition by business_unit, score_group
            order by monetary asc nulls last
            rows between unbounded preceding and current row
        ) - tie_count as below_count,
        sum(tie_count) over (partition by business_unit, score_group) as total_count
    from monetary_ties
),

scored as (
    select
        ranked.customer_key,
        ranked.business_unit,
        cast(recency_ranks.total_count as bigint) as recency_peers,
        cast(monetary_ranks.total_count as bigint) as monetary_peers,
        {{ mid_rank_score(
            'recency_ranks.below_count', 'recency_ranks.tie_count', 'recency_ranks.total_count'
        ) }} as r_score,
        cast(
            case
                when ranked.frequency_days >= {{ parameter('rfm_frequency_score_5_min') }} then 5
                when ranked.frequency_days >= {{ parameter('rfm_frequency_score_4_min') }} then 4
                when ranked.frequency_days >= {{ parameter('rfm_frequency_score_3_min') }} then 3
                when ranked.frequency_days >= {{ parameter('rfm_frequency_score_2_min') }} then 2
                else 1
            end as bigint
        ) as f_score,
        case
            when monetary_ranks.total_count is null then cast(1 as bigint)
            else {{ mid_rank_score(
                'monetary_ranks.below_count', 'monetary_ranks.tie_count',
                'monetary_ranks.total_count'
            ) }}
        end as m_score
    from ranked
    inner join recency_ranks
        on
            ranked.business_unit = recency_ranks.business_unit
            and ranked.score_group = recency_ranks.score_group
            and ranked.last_ordered_on = recency_ranks.last_ordered_on
    left join monetary_ranks
        on
            ranked.business_unit = monetary_ranks.business_unit
            and ranked.score_group = monetary_ranks.score_group
            and ranked.monetary = monetary_ranks.monetary
            and ranked.frequency_days > 0
)

select * from scored
