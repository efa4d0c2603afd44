"""What the Q.850 causes of an operator's network make of a flash call (RFC 3398, 7.2.4.1)."""

WITH_A_CAUSE = [
    # Q.850 cause, the SIP status that gateways make of it, the fate
    (1, 404, "nobody"),
    (17, 486, "busy"),
    (18, 408, "no_answer"),
    (19, 480, "no_answer"),
    (20, 480, "no_answer"),
    (21, 403, "rejected"),
    (21, 603, "rejected"),
    (22, 410, "nobody"),
    (27, 502, "congested"),
    (28, 484, "nobody"),
    (31, 480, "no_answer"),
    (34, 503, "congested"),
    (38, 503, "congested"),
    (41, 503, "congested"),
    (42, 503, "congested"),
    (47, 503, "congested"),
    (55, 403, "blocked"),
    (79, 501, "failed"),
    (102, 504, "congested"),
    (127, 500, "congested"),
]
