-- Videos that were ordered, with the references that may say whose they are.
select
    videos.tenant,
    videos.video_id,
    min(videos.external_ref) as video_ref,
    min(bundles.external_ref) as bundle_ref
from {{ landed("tokportal", "bundle_videos") }} as videos
left join {{ landed("tokportal", "bundles") }} as bundles
    on bundles.tenant = videos.tenant and bundles.bundle_id = videos.bundle_id
where videos.video_id is not null
group by videos.tenant, videos.video_id
