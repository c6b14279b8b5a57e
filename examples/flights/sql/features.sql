-- One row a flight that arrived, with what was known before it left, and whether it came 15 minutes late or more.
SELECT
    f.time_hour,
    f.origin,
    f.dest,
    f.carrier,
    CAST(f.hour AS DOUBLE) AS hour,
    CAST(date_part('dow', f.time_hour) AS DOUBLE) AS day_of_week,
    CAST(f.distance AS DOUBLE) AS distance,
    CAST((f.sched_arr_time / 100) * 60 + f.sched_arr_time % 100 AS DOUBLE) AS sched_arr_minute,
    w.temp,
    w.humid,
    w.wind_speed,
    w.precip,
    w.pressure,
    w.visib,
    CAST(CASE WHEN f.arr_delay >= 15 THEN 1 ELSE 0 END AS BIGINT) AS late
FROM flights f
LEFT JOIN (
    -- The hour that daylight saving repeats is reported twice.
    SELECT
        origin,
        time_hour,
        avg(temp) AS temp,
        avg(humid) AS humid,
        avg(wind_speed) AS wind_speed,
        avg(precip) AS precip,
        avg(pressure) AS pressure,
        avg(visib) AS visib
    FROM weather
    GROUP BY origin, time_hour
) w ON f.origin = w.origin AND f.time_hour = w.time_hour
WHERE f.arr_delay IS NOT NULL
ORDER BY f.time_hour, f.carrier, f.flight
